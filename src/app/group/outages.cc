#include "app/group/outages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "model/limits.h"

namespace quern::app {

using Steady = std::chrono::steady_clock;

void Outages::waits(const std::string& host, const Error& why, Steady::time_point begun, Steady::time_point next) {
  Outage& outage = outages_.try_emplace(host, Outage{.begun = begun}).first->second;
  if (std::max(next, Steady::now()) - outage.begun < limits::kUntoldOutage || std::exchange(outage.is_told, true))
    return;
  sink_.note(event::Level::kWarning,
             fmt::format("{} is busy or away, and is asked again for up to {}: {}", host,
                         format_duration(std::chrono::duration_cast<std::chrono::seconds>(patience_)), why.message));
}

void Outages::serves(const std::string& host) {
  auto found = outages_.find(host);
  if (found == outages_.end()) return;
  const auto length = std::chrono::round<std::chrono::seconds>(Steady::now() - found->second.begun);
  if (found->second.is_told) {
    sink_.note(event::Level::kInfo, fmt::format("{} answers again, after {}", host, rough_duration(length)));
  }
  outages_.erase(found);
}

}  // namespace quern::app

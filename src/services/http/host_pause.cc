#include "services/http/host_pause.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/text.h"
#include "services/http/refusal.h"

namespace quern::http {
namespace {

// The pause between two attempts with a host that is overloaded or unavailable, whatever is requested from it.
constexpr std::chrono::milliseconds kFirstHostPause{100};
constexpr std::chrono::milliseconds kLongestHostPause{4000};

using Milliseconds = std::chrono::milliseconds;

// A host that does answer is asked at least twice a second: otherwise one that refuses each object a few times would
// take minutes.
constexpr Milliseconds kLongestBusyPause{500};

// Between 50 % and 150 % of the pause, so that requests that were refused together are not repeated together.
Milliseconds jittered(Milliseconds pause, double uniform) {
  return Milliseconds(static_cast<Milliseconds::rep>(static_cast<double>(pause.count()) * (0.5 + uniform)));
}

}  // namespace

std::string host_of(std::string_view url) {
  std::size_t begin = url.find("://");
  std::size_t end = begin == std::string_view::npos ? 0 : url.find_first_of("/?#", begin + 3);
  return lower_case(url.substr(0, end));
}

bool HostPauses::troubled(const std::string& host, const Trouble& trouble) {
  Host& entry = hosts_[host];
  entry.is_away = trouble.is_away;
  if (!entry.troubled_since.has_value()) entry.troubled_since = trouble.now;
  if (trouble.now - *entry.troubled_since >= trouble.patience) {
    entry.pause = Milliseconds(0);
    entry.next = {};
    return true;
  }
  if (entry.pause.count() == 0) {
    entry.pause = kFirstHostPause;
    entry.grown = trouble.now;
  } else if (trouble.begun >= entry.grown) {
    entry.pause = trouble.is_away ? std::min(entry.pause * 2, kLongestHostPause)
                                  : std::min(entry.pause * 5 / 4, kLongestBusyPause);
    entry.grown = trouble.now;
  }
  entry.next = std::max(entry.next, trouble.now + jittered(entry.pause, trouble.uniform));
  const auto asked = std::min(trouble.retry_after.value_or(std::chrono::seconds(0)), limits::kMaxRetryAfter);
  entry.next = std::max<Time>(entry.next, trouble.now + asked);
  if (listener_ != nullptr) listener_->waits(host, trouble.why, trouble.begun, entry.next);
  return false;
}

void HostPauses::served(const std::string& host) {
  auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Host& entry = found->second;
  if (entry.troubled_since.has_value() && listener_ != nullptr) listener_->serves(host);
  entry.troubled_since.reset();
  // A host that was unavailable and answers again is healthy. A host that was busy gets requests a little more often.
  entry.pause = entry.is_away ? Milliseconds(0) : entry.pause * 3 / 4;
  if (entry.pause < kFirstHostPause / 10) {
    entry.pause = Milliseconds(0);
    entry.next = {};
  }
}

HostPauses::Time HostPauses::next(const std::string& host) const {
  auto found = hosts_.find(host);
  return found == hosts_.end() ? Time{} : found->second.next;
}

void HostPauses::begun(const std::string& host, Time now, double uniform) {
  auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.pause.count() == 0) return;
  found->second.next = now + jittered(found->second.pause, uniform);
}

}  // namespace quern::http

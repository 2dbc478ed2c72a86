#include "services/http/host_pause.h"

#include <algorithm>
#include <cctype>

#include "model/limits.h"

namespace quern::http {
namespace {

using Milliseconds = std::chrono::milliseconds;

// Between the half and one and a half of the pause: who was refused together does not come back together.
Milliseconds jittered(Milliseconds pause, double uniform) {
  return Milliseconds(static_cast<Milliseconds::rep>(static_cast<double>(pause.count()) * (0.5 + uniform)));
}

}  // namespace

std::string host_of(std::string_view url) {
  std::size_t begin = url.find("://");
  std::size_t end = begin == std::string_view::npos ? 0 : url.find_first_of("/?#", begin + 3);
  std::string host(url.substr(0, end));
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char byte) { return std::tolower(byte); });
  return host;
}

void HostPauses::troubled(const std::string& host, const Trouble& trouble) {
  Host& entry = hosts_[host];
  entry.is_away = trouble.is_away;
  if (entry.pause.count() == 0) {
    entry.pause = limits::kFirstHostPause;
    entry.grown = trouble.now;
  } else if (trouble.begun >= entry.grown) {
    entry.pause = std::min(entry.pause * 2, limits::kLongestHostPause);
    entry.grown = trouble.now;
  }
  entry.next = std::max(entry.next, trouble.now + jittered(entry.pause, trouble.uniform));
  if (!trouble.retry_after.has_value()) return;
  entry.next = std::max(entry.next, trouble.now + std::min(*trouble.retry_after, limits::kMaxRetryAfter));
}

void HostPauses::served(const std::string& host, Time now) {
  auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Host& entry = found->second;
  entry.served = now;
  // Who was away and is back is well. Who was busy is asked a little more often.
  entry.pause = entry.is_away ? Milliseconds(0) : entry.pause * 3 / 4;
  if (entry.pause < limits::kFirstHostPause / 10) {
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

bool HostPauses::has_served_since(const std::string& host, Time time) const {
  auto found = hosts_.find(host);
  return found != hosts_.end() && found->second.served.has_value() && *found->second.served >= time;
}

}  // namespace quern::http

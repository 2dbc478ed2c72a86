#include "services/process/out_of_memory.h"

#include <charconv>
#include <optional>
#include <string>

#include "base/fd.h"
#include "model/limits.h"

namespace quern::process {
namespace {

// The rest of the first line that starts with `start`.
std::optional<std::string_view> rest_of_line(std::string_view text, std::string_view start) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(start)) return line.substr(start.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::uint64_t kills_in_file(const std::string& path) {
  auto text = read_file(path, limits::kMiB);
  return text.ok() ? parse_out_of_memory_kills(text.value()) : 0;
}

std::string events_file_of_our_group() {
  auto text = read_file("/proc/self/cgroup", limits::kMiB);
  if (!text.ok()) return "";
  std::string_view group = parse_control_group(text.value());
  return group.empty() ? "" : "/sys/fs/cgroup" + std::string(group) + "/memory.events";
}

}  // namespace

std::uint64_t parse_out_of_memory_kills(std::string_view text) {
  std::uint64_t kills = 0;
  if (auto number = rest_of_line(text, "oom_kill ")) {
    std::from_chars(number->data(), number->data() + number->size(), kills);
  }
  return kills;
}

std::string_view parse_control_group(std::string_view text) { return rest_of_line(text, "0::").value_or(""); }

std::uint64_t out_of_memory_kills() {
  std::uint64_t kills = kills_in_file("/proc/vmstat");
  std::string events = events_file_of_our_group();
  return events.empty() ? kills : kills + kills_in_file(events);
}

}  // namespace quern::process

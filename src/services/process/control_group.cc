#include "services/process/control_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"

namespace quern::process {

std::string kernel_text(const std::string& path) {
  auto text = read_file(path, limits::kMiB);
  return text.ok() ? std::move(text).value() : std::string();
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_of_line(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name)) return number_in(line.substr(name.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::optional<std::string> control_group_in(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    const std::string among = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    if (among.find(fmt::format(",{},", controller)) == std::string::npos) continue;
    return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

std::uint64_t out_of_memory_kills() {
  std::uint64_t kills = number_of_line(kernel_text("/proc/vmstat"), "oom_kill ").value_or(0);
  if (auto group = control_group_in(kernel_text("/proc/self/cgroup"), "")) {
    kills += number_of_line(kernel_text("/sys/fs/cgroup" + *group + "/memory.events"), "oom_kill ").value_or(0);
  }
  return kills;
}

}  // namespace quern::process

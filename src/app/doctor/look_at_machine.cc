#include "app/doctor/look_at_machine.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"

namespace quern::app::doctor {
namespace {

std::string text_of(const std::string& path) {
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

// The number behind `name` at the start of a line.
std::optional<std::uint64_t> number_of_line(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name)) return number_in(line.substr(name.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

// The folders of one controller's groups: ours, the one around it, and so on to the outermost. Within a container the
// path may be one of the host, which is not there; the outermost is the container's then.
std::vector<std::string> group_folders(const std::string& root, std::string path) {
  std::vector<std::string> folders;
  while (path.size() > 1) {
    folders.push_back(root + path);
    path.erase(path.rfind('/'));
  }
  folders.push_back(root);
  return folders;
}

// The path of our group in /proc/self/cgroup, whose lines are "number:controller,controller:path"; for "", that of
// version 2.
std::optional<std::string> group_path(std::string_view text, std::string_view controller) {
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

struct GroupFiles {
  std::string folder;  // below that of all groups, with its '/'; version 1 has one for each controller
  std::string controller;
  const char* limit;
  const char* usage;
  const char* inactive;
};

void apply_memory_groups(const GroupFiles& files, const std::string& proc, const std::string& groups, Memory& memory) {
  const auto path = group_path(text_of(proc + "/self/cgroup"), files.controller);
  if (!path.has_value()) return;
  for (const std::string& folder : group_folders(groups + files.folder, *path)) {
    const auto limit = number_in(text_of(folder + files.limit));
    if (!limit.has_value()) continue;
    const std::uint64_t used = number_in(text_of(folder + files.usage)).value_or(0);
    const std::uint64_t cached = number_of_line(text_of(folder + "/memory.stat"), files.inactive).value_or(0);
    const std::uint64_t kept = used - std::min(used, cached);
    const std::uint64_t available = *limit - std::min(*limit, kept);
    if (*limit < memory.total_bytes) {
      memory.total_bytes = *limit;
      memory.is_of_group = true;
    }
    memory.available_bytes = std::min(memory.available_bytes, available);
  }
}

void lower(std::optional<double>& quota, std::optional<std::uint64_t> part, std::optional<std::uint64_t> whole) {
  if (!part.has_value() || !whole.has_value() || *whole == 0) return;
  const double processors = static_cast<double>(*part) / static_cast<double>(*whole);
  quota = std::min(quota.value_or(processors), processors);
}

std::uint64_t limit_number(rlim_t limit) { return limit == RLIM_INFINITY ? UINT64_MAX : std::uint64_t{limit}; }

std::optional<std::uint64_t> free_bytes(const std::string& folder) {
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) return std::nullopt;
  return std::uint64_t{room.f_bavail} * room.f_frsize;
}

}  // namespace

std::optional<Memory> look_at_memory(const std::string& proc, const std::string& groups) {
  const std::string text = text_of(proc + "/meminfo");
  const auto total = number_of_line(text, "MemTotal:");
  const auto available = number_of_line(text, "MemAvailable:");
  if (!total.has_value() || !available.has_value()) return std::nullopt;
  Memory memory{.total_bytes = *total * limits::kKiB, .available_bytes = *available * limits::kKiB};
  apply_memory_groups({"", "", "/memory.max", "/memory.current", "inactive_file "}, proc, groups, memory);
  apply_memory_groups({"/memory", "memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file "},
                      proc, groups, memory);
  return memory;
}

std::optional<double> look_at_processor_quota(const std::string& proc, const std::string& groups) {
  const std::string ours = text_of(proc + "/self/cgroup");
  std::optional<double> quota;
  if (const auto path = group_path(ours, "")) {
    for (const std::string& folder : group_folders(groups, *path)) {
      const std::string text = text_of(folder + "/cpu.max");
      lower(quota, number_in(text), number_in(text.substr(std::min(text.size(), text.find(' ')))));
    }
  }
  if (const auto path = group_path(ours, "cpu")) {
    for (const std::string& folder : group_folders(groups + "/cpu", *path)) {
      lower(quota, number_in(text_of(folder + "/cpu.cfs_quota_us")), number_in(text_of(folder + "/cpu.cfs_period_us")));
    }
  }
  return quota;
}

std::uint64_t look_at_open_files() {
  rlimit limit{};
  // The only reason to fail is a bad address.
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit_number(limit.rlim_max);
}

Folder look_at_folder(const std::string& path) {
  Folder folder{.path = path, .usable = {}, .free_bytes = {}};
  auto working = disk::working_folder();
  if (!working.ok()) {
    folder.usable = std::move(working).error();
    return folder;
  }
  folder.path = disk::absolute_path(path, working.value());
  std::string nearest = folder.path;
  struct stat status {};
  while (::stat(nearest.c_str(), &status) != 0 && errno == ENOENT && nearest.size() > 1) {
    nearest = std::filesystem::path(nearest).parent_path().string();
  }
  if (::stat(nearest.c_str(), &status) != 0) {
    folder.usable = os_error(nearest, errno);
  } else if (!S_ISDIR(status.st_mode)) {
    folder.usable = os_error(nearest, ENOTDIR);
  } else if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
    folder.usable = os_error(nearest, errno);
  }
  folder.free_bytes = free_bytes(nearest);
  return folder;
}

Folder look_at_scratch(const std::string& parent) {
  Folder folder{.path = parent, .usable = {}, .free_bytes = {}};
  auto made = disk::ScratchFolder::make(parent);
  if (!made.ok()) {
    folder.usable = std::move(made).error();
    return folder;
  }
  folder.path = std::filesystem::path(made.value().path()).parent_path().string();
  folder.free_bytes = free_bytes(made.value().path());
  return folder;
}

}  // namespace quern::app::doctor

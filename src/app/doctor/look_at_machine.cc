#include "app/doctor/look_at_machine.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/process/control_group.h"

namespace quern::app::doctor {
namespace {

using process::control_group_in;
using process::kernel_text;
using process::number_in;
using process::number_of_line;

// The folders of one controller's groups: the process's own, its parent, and so on to the outermost. In a container the
// path may be that of the host, which does not exist there; then the outermost folder is the container's own.
std::vector<std::string> group_folders(const std::string& root, std::string path) {
  std::vector<std::string> folders;
  while (path.size() > 1) {
    folders.push_back(root + path);
    path.erase(path.rfind('/'));
  }
  folders.push_back(root);
  return folders;
}

struct GroupFiles {
  // Relative to the root of all groups, with a '/' at the end; version 1 has one for each controller.
  std::string folder;
  std::string controller;
  const char* limit;
  const char* usage;
  const char* inactive;
};

void apply_memory_groups(const GroupFiles& files, const std::string& proc, const std::string& groups, Memory& memory) {
  const auto path = control_group_in(kernel_text(proc + "/self/cgroup"), files.controller);
  if (!path.has_value()) return;
  for (const std::string& folder : group_folders(groups + files.folder, *path)) {
    const auto limit = number_in(kernel_text(folder + files.limit));
    if (!limit.has_value()) continue;
    const std::uint64_t used = number_in(kernel_text(folder + files.usage)).value_or(0);
    const std::uint64_t cached = number_of_line(kernel_text(folder + "/memory.stat"), files.inactive).value_or(0);
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
  const std::string text = kernel_text(proc + "/meminfo");
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
  const std::string ours = kernel_text(proc + "/self/cgroup");
  std::optional<double> quota;
  if (const auto path = control_group_in(ours, "")) {
    for (const std::string& folder : group_folders(groups, *path)) {
      const std::string text = kernel_text(folder + "/cpu.max");
      lower(quota, number_in(text), number_in(text.substr(std::min(text.size(), text.find(' ')))));
    }
  }
  if (const auto path = control_group_in(ours, "cpu")) {
    for (const std::string& folder : group_folders(groups + "/cpu", *path)) {
      lower(quota, number_in(kernel_text(folder + "/cpu.cfs_quota_us")),
            number_in(kernel_text(folder + "/cpu.cfs_period_us")));
    }
  }
  return quota;
}

std::uint64_t look_at_open_files() {
  rlimit limit{};
  // It can fail only for a bad address.
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

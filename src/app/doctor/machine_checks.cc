#include "app/doctor/machine_checks.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/process/control_group.h"

namespace quern::app::doctor {
namespace {

// The open files that quern doctor asks for: for a run without children (the runs of a merge, files being read and
// written), for each child (its pipes, its process, its files), and for each transfer (its connection and its file).
constexpr std::uint64_t kOpenFilesOfARun = 128;
constexpr std::uint64_t kOpenFilesOfAChild = 10;
constexpr std::uint64_t kOpenFilesOfATransfer = 4;
// Less free space than this counts as none: for the children's files and spilled runs, and for a result.
constexpr std::uint64_t kLeastScratchBytes = 64 * limits::kMiB;
constexpr std::uint64_t kLeastResultBytes = 1 * limits::kMiB;

// Suggests half of the available memory, in whole MiB: children and decoders need the rest.
std::string smaller_memory(std::uint64_t bytes) {
  const std::uint64_t half = std::max(bytes / 2, limits::kMinMemoryBytes);
  return fmt::format("quern run --memory {}MiB", half / limits::kMiB);
}

std::string room_text(const Folder& folder) {
  if (!folder.free_bytes.has_value()) return folder.path;
  return fmt::format("{}, {} free", folder.path, format_bytes(*folder.free_bytes));
}

bool has_less_than(const Folder& folder, std::uint64_t bytes) {
  return folder.free_bytes.has_value() && *folder.free_bytes < bytes;
}

}  // namespace

Finding check_memory(const std::optional<Memory>& memory, std::uint64_t needed_bytes) {
  const char* what = "memory";
  if (!memory.has_value()) return note(what, "the kernel does not say how much there is");
  const char* whose = memory->is_of_group ? " that the control group allows" : "";
  const std::string found =
      fmt::format("{} available of {}{}, and limits.memory is {}", format_bytes(memory->available_bytes),
                  format_bytes(memory->total_bytes), whose, format_bytes(needed_bytes));
  if (memory->total_bytes < needed_bytes) {
    return lacking(Need::kNeeded, what, found, smaller_memory(memory->total_bytes));
  }
  if (memory->available_bytes < needed_bytes) return note(what, found, smaller_memory(memory->available_bytes));
  return ok(what, found);
}

Finding check_processors(const Processors& processors) {
  const char* what = "processors";
  const std::string found = fmt::format("{}, and {} {} at once", processors.count, processors.children,
                                        processors.children == 1 ? "child runs" : "children run");
  if (!processors.quota.has_value() || *processors.quota >= static_cast<double>(processors.children)) {
    return ok(what, found);
  }
  const auto enough = static_cast<std::size_t>(std::ceil(*processors.quota));
  return note(what, fmt::format("{}; the control group allows the time of {:.1f}", found, *processors.quota),
              fmt::format("quern run -p {}", std::max<std::size_t>(1, enough)));
}

std::uint64_t needed_open_files(const Descriptors& descriptors) {
  return kOpenFilesOfARun + descriptors.children * kOpenFilesOfAChild + descriptors.transfers * kOpenFilesOfATransfer;
}

Finding check_open_files(std::uint64_t allowed, const Descriptors& descriptors) {
  const char* what = "open files";
  const std::uint64_t needed = needed_open_files(descriptors);
  if (allowed >= needed) return ok(what, fmt::format("{} allowed", allowed));
  return lacking(
      Need::kNeeded, what, fmt::format("{} allowed, and a run may need {}", allowed, needed),
      fmt::format("raise the hard limit of {}: LimitNOFILE={} of a service, docker run --ulimit nofile={}, or "
                  "/etc/security/limits.conf",
                  allowed, needed, needed));
}

Finding check_scratch(const Folder& folder, std::uint64_t input_bytes) {
  const char* what = "scratch folder";
  if (!folder.usable.ok()) return lacking(Need::kNeeded, what, folder.usable.error());
  if (has_less_than(folder, kLeastScratchBytes)) {
    return lacking(Need::kNeeded, what, room_text(folder),
                   "make room there, or name another folder with --scratch or TMPDIR");
  }
  if (has_less_than(folder, input_bytes)) {
    return note(
        what,
        fmt::format("{}, and the inputs are {}; a shuffle that does not fit into limits.memory needs room there",
                    room_text(folder), format_bytes(input_bytes)),
        "name a larger folder with --scratch or TMPDIR");
  }
  return ok(what, room_text(folder));
}

Finding check_downloads(const Folder& folder) {
  const char* what = "downloads folder";
  const char* fix = "set downloads.directory to a folder on a larger disk";
  if (!folder.usable.ok()) {
    return lacking(Need::kNeeded, what, folder.usable.error(),
                   "set downloads.directory to a folder that can be written");
  }
  if (has_less_than(folder, kLeastScratchBytes)) return lacking(Need::kNeeded, what, room_text(folder), fix);
  if (has_less_than(folder, limits::kSpoolBytes)) {
    return note(what,
                fmt::format("{}; inputs that wait for their mappers may take {}", room_text(folder),
                            format_bytes(limits::kSpoolBytes)),
                fix);
  }
  return ok(what, room_text(folder));
}

Finding check_result_folder(const Folder& folder) {
  const char* what = "result folder";
  const char* fix = "name another place with --output";
  if (!folder.usable.ok()) return lacking(Need::kNeeded, what, folder.usable.error(), fix);
  if (has_less_than(folder, kLeastResultBytes)) {
    return lacking(Need::kNeeded, what, room_text(folder), fmt::format("make room there, or {}", fix));
  }
  return ok(what, room_text(folder));
}

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

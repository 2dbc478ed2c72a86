#include "app/doctor/machine_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "model/limits.h"

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

}  // namespace quern::app::doctor

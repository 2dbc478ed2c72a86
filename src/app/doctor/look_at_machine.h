#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

// What this machine has. Reads a few small files of the kernel.

namespace quern::app::doctor {

struct Memory {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
  bool is_of_group = false;  // a control group allows less than the machine has
};
// The less of the machine's memory and what our control groups (version 1 or 2) and those around them allow; page cache
// that can be given back counts as available. None: the kernel does not say. The folders are a test's own.
std::optional<Memory> look_at_memory(const std::string& proc = "/proc", const std::string& groups = "/sys/fs/cgroup");

// How many processors' time our control groups allow; none: they do not limit it.
std::optional<double> look_at_processor_quota(const std::string& proc = "/proc",
                                              const std::string& groups = "/sys/fs/cgroup");

// How many files quern may open; it raises its soft limit to the hard one.
std::uint64_t look_at_open_files();

struct Folder {
  std::string path;                         // absolute
  Result<void> usable;                      // whether files can be made there
  std::optional<std::uint64_t> free_bytes;  // for us; none: the file system does not say
};
// A folder that may not be there yet: then the nearest one around it that is, which it would be made in. Makes nothing.
Folder look_at_folder(const std::string& path);
// The folder for temporary files; makes one in it, and removes it. `parent` as for disk::ScratchFolder.
Folder look_at_scratch(const std::string& parent);

}  // namespace quern::app::doctor

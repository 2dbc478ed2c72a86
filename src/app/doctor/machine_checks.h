#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "app/doctor/findings.h"
#include "base/result.h"

// What resources this machine has (look_at_..., which read a few small files of the kernel), and whether they are
// enough for a job (check_..., pure functions).

namespace quern::app::doctor {

struct Memory {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
  bool is_of_group = false;  // a control group allows less than the machine has
};
// Returns the smaller of the machine's memory and what its control groups (version 1 or 2) and their parents allow.
// Page cache that can be reclaimed counts as available. Empty if the kernel does not report it. The parameters are for
// tests.
std::optional<Memory> look_at_memory(const std::string& proc = "/proc", const std::string& groups = "/sys/fs/cgroup");

// Returns how many processors' time the control groups allow; empty if they set no limit.
std::optional<double> look_at_processor_quota(const std::string& proc = "/proc",
                                              const std::string& groups = "/sys/fs/cgroup");

// Returns how many files quern may open. It raises its soft limit to the hard one.
std::uint64_t look_at_open_files();

struct Folder {
  std::string path;                         // absolute
  Result<void> usable;                      // whether files can be created there
  std::optional<std::uint64_t> free_bytes;  // available to this user; absent if the file system does not report it
};
// Checks a folder that may not exist yet: then its nearest existing parent, in which it would be created. Creates
// nothing.
Folder look_at_folder(const std::string& path);
// Checks the folder for temporary files; creates one there and removes it. `parent` as for disk::ScratchFolder.
Folder look_at_scratch(const std::string& parent);

// Checks whether a machine is sufficient for a job. Pure functions.

// `needed_bytes` is limits.memory. kMissing if the machine has less than that; a note if others are using it now.
Finding check_memory(const std::optional<Memory>& memory, std::uint64_t needed_bytes);

struct Processors {
  std::size_t count = 1;
  std::optional<double> quota;  // of the control group
  std::size_t children = 1;     // how many the job runs at once
};
Finding check_processors(const Processors& processors);

struct Descriptors {
  std::size_t children = 1;
  std::size_t transfers = 0;  // how many run at once; 0 if nothing is fetched
};
// How many open files such a run may need.
std::uint64_t needed_open_files(const Descriptors& descriptors);
Finding check_open_files(std::uint64_t allowed, const Descriptors& descriptors);

// Compares the folder for temporary files with the size of the inputs on this machine: a shuffle that is larger than
// limits.memory is written there.
Finding check_scratch(const Folder& folder, std::uint64_t input_bytes);
// Checks the folder that inputs are fetched to.
Finding check_downloads(const Folder& folder);
// Checks the folder that the result is written to.
Finding check_result_folder(const Folder& folder);

}  // namespace quern::app::doctor

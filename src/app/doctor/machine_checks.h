#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "app/doctor/findings.h"
#include "app/doctor/look_at_machine.h"

// Checks whether a machine is sufficient for a job. Pure functions.

namespace quern::app::doctor {

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

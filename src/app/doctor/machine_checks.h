#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "app/doctor/findings.h"
#include "app/doctor/look_at_machine.h"

// Whether a machine is enough for a job. Pure functions.

namespace quern::app::doctor {

// `needed_bytes` is limits.memory. kMissing where there is less than that at all; a note where others use it now.
Finding check_memory(const std::optional<Memory>& memory, std::uint64_t needed_bytes);

struct Processors {
  std::size_t count = 1;
  std::optional<double> quota;  // of the control group
  std::size_t children = 1;     // that the job runs at once
};
Finding check_processors(const Processors& processors);

struct Descriptors {
  std::size_t children = 1;
  std::size_t transfers = 0;  // at a time; 0: nothing is fetched
};
// How many open files such a run may need.
std::uint64_t needed_open_files(const Descriptors& descriptors);
Finding check_open_files(std::uint64_t allowed, const Descriptors& descriptors);

// The folder for temporary files, against the inputs on this machine: a shuffle that is larger than limits.memory
// goes there.
Finding check_scratch(const Folder& folder, std::uint64_t input_bytes);
// Where inputs are fetched to.
Finding check_downloads(const Folder& folder);
// Where the result goes.
Finding check_result_folder(const Folder& folder);

}  // namespace quern::app::doctor

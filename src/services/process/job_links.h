#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace quern::process {

inline constexpr std::size_t kMostJobLinks = 1000;

// Makes a symbolic link in the working folder of a child for each top-level entry of the job folder, so that a module
// opens its lookup table or starts its helper by name, as it does when its author runs it there. Hidden entries are
// left out, and results (result.txt, result.json, bad_records.txt, mapperOutput), which a child would write through the
// link; names that the working folder already has stay as they are.
// False, and no link at all, above kMostJobLinks entries: modules then find the folder in QUERN_JOB_FOLDER.
Result<bool> link_job_folder(const std::string& job_folder, const std::string& working_folder);

}  // namespace quern::process

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace quern::process {

inline constexpr std::size_t kMostJobLinks = 1000;

// Creates a symbolic link in a child's working folder for each top-level entry of the job folder, so that a module can
// open its lookup table or start its helper by name, as when its author runs it in the job folder. Skips hidden
// entries, and results (names that begin with result.txt, result.json, bad_records.txt or mapperOutput), which a child
// would overwrite through the link. Names that exist in the working folder stay unchanged. Returns false, without
// creating any link, if there are more than kMostJobLinks entries; modules then find the folder in QUERN_JOB_FOLDER.
Result<bool> link_job_folder(const std::string& job_folder, const std::string& working_folder);

}  // namespace quern::process

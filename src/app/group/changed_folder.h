#pragma once

#include <string>

#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// Whether the files in a job's folder differ from `packed`, which is sent with the tasks created from it. Files that
// quern itself left in the folder, next to the job's output, do not count. Fails if either cannot be read or packed.
Result<bool> has_folder_changed(const Job& job, const std::string& packed);

}  // namespace quern::app

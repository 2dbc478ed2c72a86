#pragma once

#include <string>

#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// Whether the folder of a job has other files now than `packed`, which travels with tasks that were made of it. What
// quern itself left in the folder, next to the job's output, does not count. Errors: one of the two cannot be read or
// packed.
Result<bool> has_folder_changed(const Job& job, const std::string& packed);

}  // namespace quern::app

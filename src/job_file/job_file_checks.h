#pragma once

#include <string>

#include "base/result.h"
#include "job_file/job_file_settings.h"
#include "model/job.h"

namespace quern::job_file {

// Refuses settings that are valid individually but contradict each other. `settings` says where each was specified.
Result<void> check_together(const Job& job, const Settings& settings, const std::string& file_name);

}  // namespace quern::job_file

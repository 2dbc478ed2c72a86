#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job_file.h"

namespace quern::app {

struct LoadedJob {
  JobFile file;
  std::string shown_path;  // of the job file, as messages name it
};

// Finds, reads and understands the job file: `job` is a file, or a folder that holds analysis-tools.yml; none means
// ./analysis-tools.yml, else /etc/analysis-tools.yml. Takes QUERN_ settings from the environment.
Result<LoadedJob> load_job(const std::optional<std::string>& job, const std::vector<std::string>& settings);

// Whether `quern run` can do all that the job asks for, and whether its modules are there. kBadConfig if not.
Result<void> check_job(const Job& job);

}  // namespace quern::app

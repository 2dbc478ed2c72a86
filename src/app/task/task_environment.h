#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::app {

// What the environment of a task says (docs/decisions/0011-tasks-of-a-job.md).
struct TaskEnvironment {
  std::string pack;                         // QUERN_JOB; "": the image has the job
  std::string artifacts;                    // QUERN_ARTIFACTS: the folder that is uploaded
  std::string artifact_prefix;              // QUERN_ARTIFACT_PREFIX: of the names that its files get; "" if not set
  std::optional<std::size_t> partition;     // QUERN_PARTITION
  bool is_final = false;                    // QUERN_FINAL
  std::vector<std::string> input_task_ids;  // INPUT_TASK_IDS, in input order
  std::string task_id;                      // TASK_ID
  std::optional<int> run_id;                // RUN_ID

  // The artifact's name of a file in the folder.
  std::string artifact_name(const std::string& file) const {
    return artifact_prefix.empty() ? file : artifact_prefix + "/" + file;
  }
};

// kBadConfig, naming a variable that is wrong. None: QUERN_ARTIFACTS is not set, so this is no task of a job.
Result<std::optional<TaskEnvironment>> read_task_environment(const std::function<const char*(const char*)>& lookup);

}  // namespace quern::app

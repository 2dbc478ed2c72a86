#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::app {

// The task's environment variables (docs/decisions/0011-tasks-of-a-job.md).
struct TaskEnvironment {
  std::string pack;                         // QUERN_JOB; "": the image has the job
  std::string artifacts;                    // QUERN_ARTIFACTS: the folder that is uploaded
  std::string artifact_prefix;              // QUERN_ARTIFACT_PREFIX: of the artifacts' names; "" if not set
  std::optional<std::size_t> partition;     // QUERN_PARTITION
  bool is_final = false;                    // QUERN_FINAL
  std::vector<std::string> input_task_ids;  // INPUT_TASK_IDS, in input order
  std::string task_id;                      // TASK_ID
  std::optional<int> run_id;                // RUN_ID

  // Returns the artifact's name for a file in the folder.
  std::string artifact_name(const std::string& file) const {
    return artifact_prefix.empty() ? file : artifact_prefix + "/" + file;
  }
};

// Fails with kBadConfig, naming the variable that is wrong. Empty if QUERN_ARTIFACTS is not set, so that this is not a
// task of a job.
Result<std::optional<TaskEnvironment>> read_task_environment(const std::function<const char*(const char*)>& lookup);

}  // namespace quern::app

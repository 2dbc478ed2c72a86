#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"

namespace quern::app {

// The task group that a command is about.
struct GroupTarget {
  std::string group_id;
  std::string root_url = {};          // "": that of TASKCLUSTER_ROOT_URL
  std::string output = "result.txt";  // of the job, if known
  std::optional<Job> job = {};        // if known: for an id, only if it is that of the job found here
  std::chrono::milliseconds patience = limits::kTaskclusterPatience;  // from the job's settings
};

// `word` is a group's id, or a job file or folder whose last submission is recorded in .quern-group in its folder;
// absent: the job in the usual places. Fails with kBadConfig if the job was not submitted from here, or the file is not
// as remember_group() writes it.
Result<GroupTarget> find_group(const std::optional<std::string>& word);

// Writes .quern-group to the folder of a job.
Result<void> remember_group(const std::string& folder, const GroupTarget& target);

}  // namespace quern::app

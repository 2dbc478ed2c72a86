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
  std::string root_url = {};          // "": TASKCLUSTER_ROOT_URL's
  std::string output = "result.txt";  // of the job, where it is known
  std::optional<Job> job = {};        // where it is known: of an id, if it is that of the job that stands here
  std::chrono::milliseconds patience = limits::kTaskclusterPatience;  // of the job's settings
};

// `word` is a group's id, or a job file or folder whose last submission stands in .quern-group in its folder; none: the
// job of the usual places. kBadConfig: the job was not submitted from here, or the file is not as remember_group()
// writes it.
Result<GroupTarget> find_group(const std::optional<std::string>& word);

// Writes .quern-group into the folder of a job.
Result<void> remember_group(const std::string& folder, const GroupTarget& target);

}  // namespace quern::app

#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/taskcluster/task_report.h"
#include "services/disk/files.h"
#include "services/taskcluster/api.h"

// Fetches what the tasks of a job have left. Not thread-safe: belongs to the thread of the Api. Blocks.

namespace quern::results {

// One run of a task, and the beginning of its artifacts' names. The run is always given, as the latest one may only
// have begun.
struct Source {
  std::string task_id;
  int run_id = 0;
  std::string prefix;  // "public/quern"; "" if the names have no prefix
};

// Reads the task.json of a run. kNotFound if there is none; kBadInput if it is malformed.
Result<TaskReport> read_report(taskcluster::Api& api, const Source& source, const std::stop_token& stop);

// Writes a part, as it is stored, to the file `path`, which must not exist, and compares size and SHA-256 with the
// task's report. A part that differs is fetched once more. Fails with kBadInput if it still differs; the file then
// exists nevertheless.
Result<void> fetch_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::string& path,
                        const std::stop_token& stop);

// Checks that a part exists and has the size that its task reports, without fetching it. Fails with kNotFound or
// kBadInput otherwise.
Result<void> find_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::stop_token& stop);

// Writes an artifact whose hash is not known to `file`, which the caller must commit. kNotFound if there is none.
Result<void> fetch_file(taskcluster::Api& api, const Source& source, const std::string& name, disk::AtomicFile& file,
                        const std::stop_token& stop);

}  // namespace quern::results

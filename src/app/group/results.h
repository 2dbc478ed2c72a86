#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/taskcluster/task_report.h"
#include "services/disk/files.h"
#include "services/taskcluster/api.h"

// What the tasks of a job have left, brought here. All of it belongs to the thread of the Api, and blocks.

namespace quern::results {

// One run of a task, and what the names of its artifacts begin with. A run is always named, as the latest one may be
// one that has only begun.
struct Source {
  std::string task_id;
  int run_id = 0;
  std::string prefix;  // "public/quern"; "" if they have none
};

// Its task.json. kNotFound: it left none. kBadInput: it is none.
Result<TaskReport> read_report(taskcluster::Api& api, const Source& source, const std::stop_token& stop);

// Writes a part, as it is stored, to the file `path`, which must not be there, and compares size and SHA-256 with what
// its task says of it; a part that differs is fetched once more. kBadInput: it differs still; the file is then there
// all the same.
Result<void> fetch_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::string& path,
                        const std::stop_token& stop);

// That a part is there, with the size that its task says of it. Its bytes are not fetched. kNotFound, kBadInput: not.
Result<void> find_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::stop_token& stop);

// Writes an artifact of which no hash is known to a file that is then to be committed. kNotFound: there is none.
Result<void> fetch_file(taskcluster::Api& api, const Source& source, const std::string& name, disk::AtomicFile& file,
                        const std::stop_token& stop);

}  // namespace quern::results

#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "app/group/group_session.h"
#include "app/group/rerun.h"
#include "app/group/results.h"
#include "app/group/watch.h"
#include "base/result.h"
#include "model/taskcluster/task_report.h"

namespace quern::app {

// The source for the latest run of a task.
results::Source source_of(const watch::GroupWatch& watch, const WatchedTask& task);

// Fetches the result of a completed group: to `output`, or, if its reducers' results are kept separate, to one file for
// each; and bad_records.txt if there were bad records and the tasks left it. Nothing is written until everything has
// arrived and matches what the tasks reported; then each file appears by rename. `output` may be "-" for a single
// result. `report` is that of the final task; its accounting then lists the local files. The caller must write
// result.json.
Result<void> fetch_result(GroupSession& session, const watch::GroupWatch& watch, TaskReport& report,
                          const std::string& output);

// Checks that everything fetch_result() would fetch exists. Fails with kNotFound or kBadInput if something is missing.
Result<void> find_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report);

// To be called before a job runs for hours: fails with kBadConfig if there is no folder for its result, or if the
// result would replace something that the job reads. `job` is nullptr if it is not known.
Result<void> check_output(const std::string& output, const CommandLine& line, const Job* job);

// Checks whether these completed tasks left their report and every part that it lists, with the right size. Parts are
// not fetched. Checks limits::kPartDownloads tasks at a time, and tells the user what is missing. If the client may not
// read a task's artifacts, the task counts as complete and the user is told. Blocks.
Result<std::vector<watch::Left>> look_at_left_parts(GroupSession& session, const watch::GroupWatch& watch,
                                                    const std::vector<std::size_t>& tasks, const std::stop_token& stop);

}  // namespace quern::app

#pragma once

#include <cstdint>
#include <string>

#include "app/group/group_session.h"
#include "app/group/results.h"
#include "app/group/watch.h"
#include "base/result.h"
#include "model/taskcluster/task_report.h"

namespace quern::app {

// Of the latest run of a task.
results::Source source_of(const watch::GroupWatch& watch, const WatchedTask& task);

// Brings here what the job of a group that has completed was for: `output`, or where its reducers' results were to be
// kept apart one file for each; bad_records.txt if records were bad and the tasks left it. Nothing is written before
// all is here and is what the tasks said it is; then each file appears by rename. `output` may be "-", for one result.
// `report` is the final task's; its accounting then says what is here. result.json is left to the caller.
Result<void> fetch_result(GroupSession& session, const watch::GroupWatch& watch, TaskReport& report,
                          const std::string& output);

// That what fetch_result() would bring is there. kNotFound, kBadInput: something is missing.
Result<void> find_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report);

// Before a job goes on for hours: kBadConfig if there is no folder for its result, or if that would replace what the
// job reads. `job` is nullptr where it is not known.
Result<void> check_output(const std::string& output, const CommandLine& line, const Job* job);

}  // namespace quern::app

#pragma once

#include <cstdint>
#include <string>

#include "app/group_session.h"
#include "base/result.h"
#include "model/task_report.h"
#include "stages/watch/watch.h"

namespace quern::app {

// Brings here what the job of a group that has completed was for: `output`, or where its reducers' results were to be
// kept apart one file for each; bad_records.txt if records were bad and the tasks left it. Nothing is written before
// all is here and is what the tasks said it is; then each file appears by rename. `output` may be "-", for one result.
// `report` is the final task's. The size of all results.
Result<std::uint64_t> fetch_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report,
                                   const std::string& output);

// Before a job goes on for hours: kBadConfig if there is no folder for its result.
Result<void> check_output(const std::string& output);

// "results/bad_records.txt" beside "results/x.txt".
std::string path_beside(const std::string& output, const std::string& name);

}  // namespace quern::app

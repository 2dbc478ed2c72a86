#pragma once

#include "app/run/run.h"
#include "base/result.h"

namespace quern::app {

// Runs the second half of a job: merges the results of map tasks (the inputs of this run, in the order of the tasks,
// possibly compressed), reduces, runs the job's further steps, and writes. A missing or damaged input makes it fail:
// without some of the values no key's result is right. Blocks; the result appears only if all of it succeeds.
Result<RunResult> run_reduce_task(const Run& run);

// The same for one of several partitions. The reducer's output is written together with its keys, for run_collect_task
// (docs/formats/part.md).
Result<RunResult> run_partition_task(const Run& run);

}  // namespace quern::app

#pragma once

#include "app/run/local_run.h"
#include "base/result.h"

namespace quern::app {

// The second half of a job: merges the results of map tasks (the inputs of this run, in the order of the tasks, each
// perhaps compressed), reduces, does the further steps that the job may have, writes. A result that is missing or
// damaged fails it: without a part of the values no key's result is right. Blocks; the result appears only if all of it
// succeeds.
Result<LocalRunResult> run_reduce_task(const LocalRun& run);

// The same for one of several partitions; what the reducer gives is written with its keys, for run_collect_task
// (docs/formats/part.md).
Result<LocalRunResult> run_partition_task(const LocalRun& run);

}  // namespace quern::app

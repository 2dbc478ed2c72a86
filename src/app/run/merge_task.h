#pragma once

#include <cstddef>

#include "app/run/local_run.h"
#include "base/result.h"

namespace quern::app {

// Merges results of map tasks into such results, one for each partition, without reducing, so that no task has to take
// too many. The inputs of the run are those of the first partition, then those of the second, and so on. Values stay in
// the order of the inputs; a built-in combiner or reducer makes of them what it makes in a map. Without a reducer in
// the job they are put one behind the other. Blocks; the results appear only if all of it succeeds.
Result<LocalRunResult> run_merge_task(const LocalRun& run, std::size_t partitions);

// The last of a job's tasks, if its reducers are several or none: their parts (run_partition_task) in key order or, of
// map-only jobs, the results of the maps in input order become the result. Blocks.
Result<LocalRunResult> run_collect_task(const LocalRun& run);

}  // namespace quern::app

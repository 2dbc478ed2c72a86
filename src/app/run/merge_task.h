#pragma once

#include <cstddef>

#include "app/run/run.h"
#include "base/result.h"

namespace quern::app {

// Merges results of map tasks into results of the same form, one for each partition, without reducing, so that no task
// needs too many inputs. The inputs of the run are those of the first partition, then those of the second, and so on.
// Values stay in the order of the inputs; a built-in combiner or reducer aggregates them as in a map task. Without a
// reducer in the job, the results are concatenated. Blocks; the results appear only if all of it succeeds.
Result<RunResult> run_merge_task(const Run& run, std::size_t partitions);

// The last task of a job with several reducers or none. The reducers' parts (run_partition_task), in key order, or the
// results of map-only tasks, in input order, become the result. Blocks.
Result<RunResult> run_collect_task(const Run& run);

}  // namespace quern::app

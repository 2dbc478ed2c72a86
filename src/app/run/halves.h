#pragma once

#include <cstddef>

#include "app/run/run.h"
#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// The number of results of a map task: one for each of the job's reducers.
std::size_t map_results(const Job& job);

// Runs the first half of a job over some of its inputs: fetch, decode, map, shuffle, write. With a reducer, the results
// are lines "key<separator>value" in key order, the values of a key in input order; without one, the mapped lines in
// input order. A combiner or built-in reducer already aggregates the values of a key here, in a form from which a
// reduce task obtains the same result as from all values (docs/decisions/0010-map-results.md). Blocks. The results
// appear only if all of it succeeds; failures within the limits of the job are not an error.
Result<RunResult> run_map_task(const Run& run);

// Merges results of map tasks into results of the same form, one for each partition, without reducing, so that no task
// needs too many inputs. The inputs of the run are those of the first partition, then those of the second, and so on.
// Values stay in the order of the inputs; a built-in combiner or reducer aggregates them as in a map task. Without a
// reducer in the job, the results are concatenated. Blocks; the results appear only if all of it succeeds.
Result<RunResult> run_merge_task(const Run& run, std::size_t partitions);

// The last task of a job with several reducers or none. The reducers' parts (run_partition_task), in key order, or the
// results of map-only tasks, in input order, become the result. Blocks.
Result<RunResult> run_collect_task(const Run& run);

// Runs the second half of a job: merges the results of map tasks (the inputs of this run, in the order of the tasks,
// possibly compressed), reduces, runs the job's further steps, and writes. A missing or damaged input makes it fail:
// without some of the values no key's result is right. Blocks; the result appears only if all of it succeeds.
Result<RunResult> run_reduce_task(const Run& run);

// The same for one of several partitions. The reducer's output is written together with its keys, for run_collect_task
// (docs/formats/part.md).
Result<RunResult> run_partition_task(const Run& run);

}  // namespace quern::app

#pragma once

#include <cstddef>

#include "app/run/local_run.h"
#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// How many results a map task has: one for each of the job's reducers.
std::size_t map_results(const Job& job);

// The first half of a job over some of its inputs: fetch, decode, map, shuffle, write. With a reducer, lines
// "key<separator>value" in key order, the values of a key in input order; without one, the mapped lines in input order.
// What a combiner or built-in reducer makes of a key's values here is written so that a reduce task comes to the same
// result as if it had all of them (docs/decisions/0010-map-results.md). Blocks. The results appear only if all of it
// succeeds; a failure within the limits of the job is no error.
Result<LocalRunResult> run_map_task(const LocalRun& run);

}  // namespace quern::app

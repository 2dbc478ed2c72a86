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

}  // namespace quern::app

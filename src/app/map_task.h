#pragma once

#include <string>
#include <vector>

#include "app/local_run.h"
#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// Where a map task's results go: `output` alone, or output.0 to output.N-1 for the job's N reducers.
std::vector<std::string> map_results(const Job& job, const std::string& output);

// The first half of a job over some of its inputs: fetch, decode, map, shuffle, write. With a reducer, lines
// "key<separator>value" in key order, the values of a key in input order; without one, the mapped lines in input order.
// What a combiner or built-in reducer makes of a key's values here is written so that a reduce task comes to the same
// result as if it had all of them (docs/decisions/0010-map-results.md). Blocks. The results appear only if all of it
// succeeds; a failure within the limits of the job is no error.
Result<LocalRunResult> run_map_task(const LocalRun& run);

}  // namespace quern::app

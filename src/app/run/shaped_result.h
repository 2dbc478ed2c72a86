#pragma once

#include <cstdint>
#include <memory>

#include "app/run/run.h"
#include "base/result.h"
#include "stages/output/output.h"

// The settings `order`, `first` and `format`: what is between the last step of a job, or the merge of its reducers'
// results, and the file of its result (docs/decisions/0041).

namespace quern::app {

// Returns the form in which the last step of a job must emit its output, so that shaped() can read it.
PairOutput last_output(const Job& job);

// The part of limits.memory that is for the order of the result, and not for the last step.
std::uint64_t order_memory(const Job& job);

// Wraps a target of the final result, if the job has any of these settings: what is written there is what a step with
// last_output() gives. The lines reach `target` as they come or, with an order, in finish(). Holds one line,
// and order_memory(); lines beyond that wait in the scratch folder. Borrows the run. Not thread-safe.
std::unique_ptr<output::ResultTarget> shaped(const Run& run, std::unique_ptr<output::ResultTarget> target);

}  // namespace quern::app

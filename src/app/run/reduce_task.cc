#include "app/run/reduce_task.h"

#include <memory>
#include <utility>

#include "app/run/part_sources.h"
#include "app/run/reduce_phase.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

Result<void> merge_and_reduce(const Run& step, ReducedSink& sink) {
  ReducePhase reduce(step);
  TimedPhase timed(event::Phase::kReduce, *step.events);
  TRY(reduce.start_early());
  TRY(reduce.wait_until_loaded(step.stop_token()));
  TRY(step.loaders->wait(step.stop_token()));
  return reduce.run([&] { return merged_parts(step, 0, step.inputs->inputs.size(), AggregatedTo::kResult); }, sink);
}

// If the first step has no reducer, the output of its maps is the input of the next step.
Result<void> reduce_first_step(const Run& step, Targets& targets) {
  if (!step.step().reducer.has_value()) {
    return concatenate_parts(step, 0, step.inputs->inputs.size(), *targets.front());
  }
  auto sink = output::make_direct_sink(*targets.front());
  return merge_and_reduce(step, *sink);
}

Result<void> reduce_partition(const Run& step, Targets& targets) {
  auto sink = output::make_keyed_sink(*targets.front());
  return merge_and_reduce(step, *sink);
}

}  // namespace

Result<RunResult> run_reduce_task(const Run& run) { return run_steps(run, LoadFor::kReduce, 1, reduce_first_step); }

Result<RunResult> run_partition_task(const Run& run) { return run_steps(run, LoadFor::kReduce, 1, reduce_partition); }

}  // namespace quern::app

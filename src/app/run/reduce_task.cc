#include "app/run/reduce_task.h"

#include <memory>
#include <utility>

#include "app/run/loss_policy.h"
#include "app/run/part_sources.h"
#include "app/run/reduce_phase.h"
#include "app/run/step_stages.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

Result<void> merge_and_reduce(const LocalRun& step, const Place& place, ReducedSink& sink) {
  ReducePhase reduce = reduce_phase(step, place);
  TimedPhase timed(event::Phase::kReduce, step.events);
  TRY(reduce.start_early());
  TRY(reduce.wait_until_loaded(step.stop.get_token()));
  TRY(place.loaders.wait(step.stop.get_token()));
  auto open = [&] {
    return merged_parts(step, 0, step.inputs.inputs.size(), place.scratch_folder, AggregatedTo::kResult);
  };
  TRY(reduce.run(open, sink, step.stop.get_token()));
  if (auto failure = step.policy.failure(); failure.has_value()) return Error(*failure);
  return {};
}

// If the first step has no reducer, the output of its maps is the input of the next step.
Result<void> reduce_first_step(const LocalRun& step, const Place& place, Targets& targets) {
  if (!step.job.steps.front().reducer.has_value()) {
    return concatenate_parts(step, 0, step.inputs.inputs.size(), *targets.front());
  }
  auto sink = output::make_direct_sink(*targets.front());
  return merge_and_reduce(step, place, *sink);
}

Result<void> reduce_partition(const LocalRun& step, const Place& place, Targets& targets) {
  auto sink = output::make_keyed_sink(*targets.front());
  return merge_and_reduce(step, place, *sink);
}

}  // namespace

Result<LocalRunResult> run_reduce_task(const LocalRun& run) {
  return run_steps(run, LoadFor::kReduce, 1, reduce_first_step);
}

Result<LocalRunResult> run_partition_task(const LocalRun& run) {
  return run_steps(run, LoadFor::kReduce, 1, reduce_partition);
}

}  // namespace quern::app

#include "app/local_run.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/input_supply.h"
#include "app/loss_policy.h"
#include "app/reduce_phase.h"
#include "app/step_run.h"
#include "app/step_stages.h"
#include "services/disk/files.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

using event::Phase;

Result<void> map_and_reduce(const LocalRun& run, const Place& place, output::ResultTarget& target) {
  ReducePhase reduce(run.job, run.job.steps.front(), place.scratch_folder, place.processes, place.guard, run.events);
  TRY(reduce.start_early());
  TRY_ASSIGN(MappedPairs mapped, map_pairs(run, place, reduce, AggregatedTo::kResult));
  TimedPhase timed(Phase::kReduce, run.events);
  TRY(mapped.shuffle->finish(mapped.failed_inputs, run.stop.get_token()));
  return reduce.run(*mapped.shuffle, target, run.stop.get_token());
}

Result<void> run_step(const LocalRun& run, const Place& place, output::ResultTarget& target) {
  bool has_reducer = run.job.steps.front().reducer.has_value();
  TRY(has_reducer ? map_and_reduce(run, place, target) : map_in_order(run, place, target));
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  return {};
}

// Runs one of several steps over `inputs`, in a folder of its own.
Result<void> run_numbered_step(const LocalRun& run, Workshop& shop, std::size_t number, const InputList& inputs,
                               InputSupply& supply, output::ResultTarget& target) {
  const Job job = job_of_step(run.job, number);
  StepEvents step_events(number, run.events, run.policy);
  LocalRun step{.job = job,
                .inputs = inputs,
                .supply = supply,
                .output = run.output,
                .scratch_parent = run.scratch_parent,
                .events = number == 0 ? run.events : step_events,
                .policy = run.policy,
                .stop = run.stop};
  Place place{.scratch_folder = fmt::format("{}/step-{}", shop.scratch.path(), number + 1),
              .guard = *shop.guard,
              .processes = shop.processes};
  TRY(disk::make_folders(place.scratch_folder));
  return run_step(step, place, target);
}

// The steps one after the other, each over the file that the one before it wrote.
Result<void> run_steps(const LocalRun& run, Workshop& shop, output::ResultTarget& target) {
  const std::size_t last = run.job.steps.size() - 1;
  InputList between;
  std::unique_ptr<InputSupply> local = make_local_supply();
  for (std::size_t number = 0; number < last; ++number) {
    std::string path = fmt::format("{}/result-{}", shop.scratch.path(), number + 1);
    TRY_ASSIGN(auto file, StepFile::create(path));
    TRY(run_numbered_step(run, shop, number, number == 0 ? run.inputs : between, number == 0 ? run.supply : *local,
                          *file));
    TRY(file->commit());
    between.inputs = {{.name = fmt::format("step {}", number + 1), .path = path, .stored_bytes = file->size_bytes()}};
  }
  TRY(run_numbered_step(run, shop, last, last == 0 ? run.inputs : between, last == 0 ? run.supply : *local, target));
  TimedPhase timed(Phase::kOutput, run.events);
  return target.commit();
}

}  // namespace

Result<LocalRunResult> run_locally(const LocalRun& run) {
  TRY_ASSIGN(auto target, output::ResultTarget::make(run.output));
  TRY_ASSIGN(Workshop shop, open_workshop(run));
  auto done = run_steps(run, shop, *target);
  // A loss beyond the limits stops everything; why it did is what counts, not that the stages were stopped.
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  return LocalRunResult{.result_bytes = target->size_bytes()};
}

}  // namespace quern::app

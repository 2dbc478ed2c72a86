#include "app/run/local_run.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/remote/input_supply.h"
#include "app/run/loss_policy.h"
#include "app/run/reduce_phase.h"
#include "app/run/step_run.h"
#include "app/run/step_stages.h"
#include "services/disk/files.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

using event::Phase;

Result<void> map_and_reduce(const LocalRun& run, const Place& place, Targets& targets) {
  ReducePhase reduce = reduce_phase(run, place);
  TRY(reduce.start_early());
  TRY_ASSIGN(auto shuffle, map_pairs(run, place, reduce, AggregatedTo::kResult));
  TimedPhase timed(Phase::kReduce, run.events);
  TRY(shuffle->finish());
  if (targets.size() > 1) return reduce.run_apart(*shuffle, targets, run.stop.get_token());
  return reduce.run(*shuffle, *targets.front(), run.stop.get_token());
}

Result<void> run_step(const LocalRun& run, const Place& place, Targets& targets) {
  bool has_reducer = run.job.steps.front().reducer.has_value();
  TRY(has_reducer ? map_and_reduce(run, place, targets) : map_in_order(run, place, *targets.front()));
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  return {};
}

// Runs one of several steps over `inputs`, in a folder of its own.
Result<void> run_numbered_step(const LocalRun& run, Workshop& shop, std::size_t number, const InputList& inputs,
                               InputSupply& supply, const RunStep& run_it, Targets& targets) {
  const Job job = job_of_step(run.job, number);
  StepEvents step_events(number, job.separator, run.events, run.policy);
  LocalRun step{.job = job,
                .inputs = inputs,
                .supply = supply,
                .output = run.output,
                .scratch_parent = run.scratch_parent,
                .events = number == 0 ? run.events : step_events,
                .policy = run.policy,
                .stop = run.stop,
                .gives = number + 1 == run.job.steps.size() ? run.gives : PairOutput{},
                .reads_text = run.reads_text};
  Place place{.scratch_folder = fmt::format("{}/step-{}", shop.scratch.path(), number + 1),
              .guard = *shop.guard,
              .loaders = *shop.loaders,
              .processes = shop.processes};
  TRY(disk::make_folders(place.scratch_folder));
  return run_it(step, place, targets);
}

// Runs the steps one after another, each over the file that the one before it wrote.
Result<void> run_all_steps(const LocalRun& run, const RunStep& first, Workshop& shop, Targets& targets) {
  const std::size_t last = run.job.steps.size() - 1;
  InputList between;
  std::unique_ptr<InputSupply> local = make_local_supply();
  auto run_one = [&](std::size_t number, Targets& results) {
    if (number == 0) return run_numbered_step(run, shop, number, run.inputs, run.supply, first, results);
    return run_numbered_step(run, shop, number, between, *local, run_step, results);
  };
  for (std::size_t number = 0; number < last; ++number) {
    std::string path = fmt::format("{}/result-{}", shop.scratch.path(), number + 1);
    Targets files;
    TRY_ASSIGN(auto file, StepFile::create(path));
    files.push_back(std::move(file));
    TRY(run_one(number, files));
    TRY(commit(files, nullptr));
    between.inputs = {{.name = fmt::format("step {}", number + 1), .path = path, .stored_bytes = size_bytes(files)}};
  }
  TRY(run_one(last, targets));
  TimedPhase timed(Phase::kOutput, run.events);
  return commit(targets, run.folder);
}

}  // namespace

std::size_t run_results(const Job& job) {
  return job.keep_parts && job.steps.back().reducer.has_value() ? job.reducers : 1;
}

Result<LocalRunResult> run_locally(const LocalRun& run) {
  return run_steps(run, LoadFor::kRun, run_results(run.job), run_step);
}

Result<LocalRunResult> run_steps(const LocalRun& run, LoadFor purpose, std::size_t results, const RunStep& first) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, results));
  TRY_ASSIGN(Workshop shop, open_workshop(run, purpose));
  auto done = run_all_steps(run, first, shop, targets);
  // Losses beyond the limits stop everything. Their error is reported, not that of the stopped stages.
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  return LocalRunResult{.result_bytes = size_bytes(targets)};
}

}  // namespace quern::app

#include "app/run/halves.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/run/loss_policy.h"
#include "app/run/part_sources.h"
#include "app/run/reduce_phase.h"
#include "app/run/step_run.h"
#include "base/task_group.h"
#include "model/pair.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

using event::Phase;

Result<void> write_partitions(const Run& run, shuffle::Shuffle& shuffle, Targets& targets) {
  std::atomic<std::size_t> next = 0;
  const std::string_view between = run.gives.between(run.job->separator);
  TaskGroup writers(run.stop_token());
  for (std::size_t i = 1; i <= std::min(run.processes, targets.size()); ++i) {
    writers.spawn(fmt::format("writer {}", i), [&](const std::stop_token& stop) -> Result<void> {
      for (std::size_t partition = next++; partition < targets.size(); partition = next++) {
        TRY_ASSIGN(auto groups, shuffle.groups(partition));
        TRY(write_pairs(*groups, between, *targets[partition], stop));
        TRY(targets[partition]->rest());
      }
      return {};
    });
  }
  return writers.wait();
}

Result<void> map_and_sort(const Run& run, Targets& targets) {
  ReducePhase reduce(run);
  TRY_ASSIGN(auto shuffle, map_pairs(run, reduce, AggregatedTo::kTerms));
  TimedPhase timed(Phase::kReduce, *run.events);
  TRY(shuffle->finish());
  return write_partitions(run, *shuffle, targets);
}

}  // namespace

std::size_t map_results(const Job& job) { return job.steps.front().reducer.has_value() ? job.reducers : 1; }

Result<RunResult> run_map_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, map_results(*run.job)));
  TRY_ASSIGN(const Workshop shop, Workshop::open(run, LoadFor::kMap));
  TRY_ASSIGN(const Run own, shop.enter(run));
  TRY(run.step().reducer.has_value() ? map_and_sort(own, targets) : map_in_order(own, *targets.front()));
  return commit_run(run, targets);
}

namespace {

Result<void> merge_partition(const Run& run, std::size_t first, std::size_t count, output::ResultTarget& target) {
  if (!run.step().reducer.has_value()) return concatenate_parts(run, first, count, target);
  TRY_ASSIGN(auto groups, merged_parts(run, first, count, AggregatedTo::kTerms));
  return write_pairs(*groups, kBetweenInside, target, run.stop_token());
}

Result<void> merge_all(const Run& run, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, *run.events);
  const std::size_t count = run.inputs->inputs.size() / targets.size();
  CHECK(count * targets.size() == run.inputs->inputs.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    TRY(merge_partition(run, i * count, count, *targets[i]));
    TRY(targets[i]->rest());
  }
  return {};
}

// The merge reads all parts at the same time, so they are decoded first.
Result<void> collect(const Run& run, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, *run.events);
  const std::size_t count = run.inputs->inputs.size();
  if (!run.step().reducer.has_value()) return concatenate_parts(run, 0, count, *targets.front());
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.push_back(fmt::format("{}/decoded-{}", run.scratch_folder, i));
    TRY_ASSIGN(auto file, StepFile::create(paths.back()));
    TRY(concatenate_parts(run, i, 1, *file));
    TRY(file->commit());
  }
  return output::merge_part_files(paths, *targets.front());
}

// A merge needs a folder for temporary files, but neither children nor modules.
Result<RunResult> run_in_folder(const Run& run, Targets targets, Result<void> (*work)(const Run&, Targets&)) {
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  Run own = run;
  own.scratch_folder = scratch.path();
  TRY(work(own, targets));
  return commit_run(run, targets);
}

}  // namespace

Result<RunResult> run_merge_task(const Run& run, std::size_t partitions) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, partitions));
  return run_in_folder(run, std::move(targets), merge_all);
}

Result<RunResult> run_collect_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_final_targets(run, 1));
  return run_in_folder(run, std::move(targets), collect);
}

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

Result<RunResult> run_reduce_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_final_targets(run, 1));
  return run_steps(run, LoadFor::kReduce, std::move(targets), reduce_first_step);
}

Result<RunResult> run_partition_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, 1));
  return run_steps(run, LoadFor::kReduce, std::move(targets), reduce_partition);
}

}  // namespace quern::app

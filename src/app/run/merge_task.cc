#include "app/run/merge_task.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "app/run/loss_policy.h"
#include "app/run/pair_lines.h"
#include "app/run/part_sources.h"
#include "app/run/step_run.h"
#include "app/run/step_stages.h"
#include "model/pair.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

Result<void> merge_partition(const LocalRun& run, const std::string& scratch_folder, std::size_t first,
                             std::size_t count, output::ResultTarget& target) {
  if (!run.job.steps.front().reducer.has_value()) return concatenate_parts(run, first, count, target);
  TRY_ASSIGN(auto groups, merged_parts(run, first, count, scratch_folder, AggregatedTo::kTerms));
  return write_pairs(*groups, kBetweenInside, target, run.stop.get_token());
}

Result<void> merge_all(const LocalRun& run, const std::string& scratch_folder, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, run.events);
  const std::size_t count = run.inputs.inputs.size() / targets.size();
  CHECK(count * targets.size() == run.inputs.inputs.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    TRY(merge_partition(run, scratch_folder, i * count, count, *targets[i]));
    TRY(targets[i]->rest());
  }
  return {};
}

// The merge reads all parts at the same time, so they are decoded first.
Result<void> collect(const LocalRun& run, const std::string& scratch_folder, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, run.events);
  const std::size_t count = run.inputs.inputs.size();
  if (!run.job.steps.front().reducer.has_value()) return concatenate_parts(run, 0, count, *targets.front());
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.push_back(fmt::format("{}/decoded-{}", scratch_folder, i));
    TRY_ASSIGN(auto file, StepFile::create(paths.back()));
    TRY(concatenate_parts(run, i, 1, *file));
    TRY(file->commit());
  }
  return output::merge_part_files(paths, *targets.front());
}

Result<LocalRunResult> finish(const LocalRun& run, Result<void> done, Targets& targets) {
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  TimedPhase timed(event::Phase::kOutput, run.events);
  TRY(commit(targets, run.folder));
  return LocalRunResult{.result_bytes = size_bytes(targets)};
}

}  // namespace

Result<LocalRunResult> run_merge_task(const LocalRun& run, std::size_t partitions) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, partitions));
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  return finish(run, merge_all(run, scratch.path(), targets), targets);
}

Result<LocalRunResult> run_collect_task(const LocalRun& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, 1));
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  return finish(run, collect(run, scratch.path(), targets), targets);
}

}  // namespace quern::app

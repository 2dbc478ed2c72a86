#include "app/run/merge_task.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "app/run/pair_lines.h"
#include "app/run/part_sources.h"
#include "app/run/step_run.h"
#include "model/pair.h"
#include "stages/output/output.h"

namespace quern::app {
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
Result<RunResult> run_in_folder(const Run& run, std::size_t results, Result<void> (*work)(const Run&, Targets&)) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, results));
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  Run own = run;
  own.scratch_folder = scratch.path();
  TRY(work(own, targets));
  return commit_run(run, targets);
}

}  // namespace

Result<RunResult> run_merge_task(const Run& run, std::size_t partitions) {
  return run_in_folder(run, partitions, merge_all);
}

Result<RunResult> run_collect_task(const Run& run) { return run_in_folder(run, 1, collect); }

}  // namespace quern::app

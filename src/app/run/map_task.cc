#include "app/run/map_task.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>

#include "app/run/loss_policy.h"
#include "app/run/pair_lines.h"
#include "app/run/reduce_phase.h"
#include "app/run/step_stages.h"
#include "base/task_group.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

using event::Phase;

Result<void> write_partitions(const LocalRun& run, shuffle::Shuffle& shuffle, std::size_t threads, Targets& targets) {
  std::atomic<std::size_t> next = 0;
  const std::string_view between = run.gives.between(run.job.separator);
  TaskGroup writers(run.stop.get_token());
  for (std::size_t i = 1; i <= std::min(threads, targets.size()); ++i) {
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

Result<void> map_and_sort(const LocalRun& run, const Place& place, Targets& targets) {
  ReducePhase reduce = reduce_phase(run, place);
  TRY_ASSIGN(auto shuffle, map_pairs(run, place, reduce, AggregatedTo::kTerms));
  TimedPhase timed(Phase::kReduce, run.events);
  TRY(shuffle->finish());
  return write_partitions(run, *shuffle, place.processes, targets);
}

Result<void> map_and_write(const LocalRun& run, Workshop& shop, Targets& targets) {
  Place place{.scratch_folder = shop.scratch.path(),
              .guard = *shop.guard,
              .loaders = *shop.loaders,
              .processes = shop.processes};
  bool has_reducer = run.job.steps.front().reducer.has_value();
  TRY(has_reducer ? map_and_sort(run, place, targets) : map_in_order(run, place, *targets.front()));
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  TimedPhase timed(Phase::kOutput, run.events);
  return commit(targets, run.folder);
}

}  // namespace

std::size_t map_results(const Job& job) { return job.steps.front().reducer.has_value() ? job.reducers : 1; }

Result<LocalRunResult> run_map_task(const LocalRun& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, map_results(run.job)));
  TRY_ASSIGN(Workshop shop, open_workshop(run, LoadFor::kMap));
  auto done = map_and_write(run, shop, targets);
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  return LocalRunResult{.result_bytes = size_bytes(targets)};
}

}  // namespace quern::app

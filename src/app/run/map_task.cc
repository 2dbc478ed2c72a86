#include "app/run/map_task.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>

#include "app/run/loss_policy.h"
#include "app/run/pair_lines.h"
#include "app/run/reduce_phase.h"
#include "base/task_group.h"
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

}  // namespace quern::app

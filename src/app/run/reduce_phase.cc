#include "app/run/reduce_phase.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/task_group.h"
#include "services/disk/files.h"
#include "services/process/guard.h"
#include "stages/reducer/builtin_reducer.h"
#include "stages/reducer/combiner.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::app {

std::optional<Aggregation> shuffle_aggregation(const Step& step) {
  // A combiner that keeps all values has no effect.
  bool combines =
      step.combiner.has_value() && step.combiner->builtin.has_value() && step.combiner->builtin->name != "list";
  if (combines) return aggregation_of(*step.combiner->builtin);
  if (step.reducer.has_value() && step.reducer->builtin.has_value()) return aggregation_of(*step.reducer->builtin);
  return std::nullopt;
}

std::string_view mapped_between(const Job& job, const Step& step) {
  const auto& module = step.mapper.module;
  return module.has_value() && module->interface != Interface::kFunction ? job.separator : kBetweenInside;
}

Result<reducer::ReducerOptions> ReducePhase::child_options(const Module& module, event::Role role, PairOutput output,
                                                           std::size_t child) {
  std::string folder = fmt::format("{}/{}-{}", run_.scratch_folder, name_of(role), child);
  TRY(disk::make_folders(folder));
  return reducer::ReducerOptions{.module = &module,
                                 .job_folder = run_.job->folder,
                                 .working_folder = folder,
                                 .separator = run_.job->separator,
                                 .output = output,
                                 .values = run_.job->values,
                                 .typed = run_.job->typed,
                                 .child = child,
                                 .role = role,
                                 .timeout = run_.job->limits.timeout,
                                 .attempts = run_.job->limits.attempts,
                                 .would_end = [this](std::uint64_t bad) { return run_.policy->would_end(bad); },
                                 .stop = run_.stop_token()};
}

Result<std::unique_ptr<reducer::Reducer>> ReducePhase::make_reducer(std::size_t partition) {
  TRY_ASSIGN(auto options,
             child_options(*run_.step().reducer->module, event::Role::kReducer, run_.gives, partition + 1));
  return reducer::Reducer::make(std::move(options), *run_.guard, *run_.events);
}

std::unique_ptr<BlockSink> ReducePhase::combined(std::unique_ptr<BlockSink> sink) {
  if (!run_.step().combiner.has_value() || !run_.step().combiner->module.has_value()) return sink;
  auto make_combiner = [this]() -> Result<std::unique_ptr<reducer::Combiner>> {
    const PairOutput pairs{.only_plain = run_.gives.only_plain};
    TRY_ASSIGN(auto options, child_options(*run_.step().combiner->module, event::Role::kCombiner, pairs, ++combiners_));
    auto combiner = reducer::make_combiner(std::move(options), *run_.guard, *run_.events);
    TRY(combiner->start());
    return combiner;
  };
  return reducer::make_combining_sink(std::move(sink), std::string(mapped_between(*run_.job, run_.step())),
                                      std::move(make_combiner), *run_.events, run_.stop_token());
}

Result<void> ReducePhase::start_early() {
  if (run_.step().reducer->builtin.has_value()) return {};
  TRY_ASSIGN(early_, make_reducer(0));
  return early_->start();
}

Result<void> ReducePhase::wait_until_loaded(const std::stop_token& stop) {
  std::lock_guard lock(early_mutex_);
  if (early_failure_.has_value()) return Error(*early_failure_);
  if (early_ == nullptr) return {};
  auto loaded = early_->wait_until_loaded(stop);
  if (!loaded.ok()) early_failure_ = loaded.error();
  return loaded;
}

Result<void> ReducePhase::run(shuffle::Shuffle& shuffle, output::ResultTarget& target) {
  if (run_.job->reducers == 1) {
    auto sink = output::make_direct_sink(target);
    return run([&] { return shuffle.groups(0); }, *sink);
  }
  auto parts = output::PartedOutput::make(run_.scratch_folder, run_.job->reducers);
  TRY(run_parts(shuffle, [&](std::size_t partition) { return parts->sink(partition); }));
  return parts->merge(target);
}

Result<void> ReducePhase::run_apart(shuffle::Shuffle& shuffle, const Targets& targets) {
  auto make_sink = [&](std::size_t partition) -> Result<std::unique_ptr<ReducedSink>> {
    return output::make_direct_sink(*targets[partition]);
  };
  return run_parts(shuffle, make_sink);
}

Result<void> ReducePhase::run(const reducer::OpenGroups& open, ReducedSink& sink) {
  return reduce_partition(open, 0, sink, std::move(early_), run_.stop_token());
}

Result<void> ReducePhase::reduce_partition(const reducer::OpenGroups& open, std::size_t partition, ReducedSink& sink,
                                           std::unique_ptr<reducer::Reducer> reducer, const std::stop_token& stop) {
  if (run_.step().reducer->builtin.has_value()) {
    Aggregation aggregation = aggregation_of(*run_.step().reducer->builtin);
    const bool is_aggregated = shuffle_aggregation(run_.step()) == aggregation;
    TRY_ASSIGN(auto groups, open());
    if (sorts_values(aggregation.kind) && !is_aggregated) {
      TRY_ASSIGN(groups, shuffle::aggregate_sorted(std::move(groups),
                                                   {.memory_bytes = run_.job->limits.memory_bytes / 4 / run_.processes,
                                                    .scratch_folder = run_.scratch_folder,
                                                    .stop = stop,
                                                    .aggregation = aggregation,
                                                    .events = run_.events}));
    }
    reducer::BuiltinReducerOptions options{.aggregation = aggregation,
                                           .is_aggregated = is_aggregated,
                                           .separator = std::string(run_.gives.between(run_.job->separator)),
                                           .column_separator = run_.job->separator,
                                           .has_cells = run_.gives.has_cells,
                                           .child = partition + 1};
    return reducer::run_builtin_reducer(options, std::move(groups), sink, *run_.events, stop);
  }
  if (reducer == nullptr) {
    TRY_ASSIGN(reducer, make_reducer(partition));
    TRY(reducer->start());
  }
  const SortValues order = run_.job->sort_values;
  if (order == SortValues::kNone) return reducer->run(open, sink, stop);
  auto open_sorted = [&]() -> Result<std::unique_ptr<GroupSource>> {
    TRY_ASSIGN(auto groups, open());
    return shuffle::sort_values(std::move(groups),
                                {.memory_bytes = run_.job->limits.memory_bytes / 4 / run_.processes,
                                 .scratch_folder = run_.scratch_folder,
                                 .stop = stop},
                                order == SortValues::kNumeric);
  };
  return reducer->run(open_sorted, sink, stop);
}

Result<void> ReducePhase::run_parts(shuffle::Shuffle& shuffle, const MakeSink& make_sink) {
  std::atomic<std::size_t> next = 0;
  auto reduce_partitions = [&](const std::stop_token& stop_reducer) -> Result<void> {
    for (std::size_t partition = next++; partition < run_.job->reducers; partition = next++) {
      TRY_ASSIGN(auto sink, make_sink(partition));
      auto open = [&] { return shuffle.groups(partition); };
      std::unique_ptr<reducer::Reducer> early = partition == 0 ? std::move(early_) : nullptr;
      TRY(reduce_partition(open, partition, *sink, std::move(early), stop_reducer));
      TRY(sink->finish());
    }
    return {};
  };
  TaskGroup reducers(run_.stop_token());
  for (std::size_t i = 1; i <= std::min(run_.processes, run_.job->reducers); ++i) {
    reducers.spawn(fmt::format("reducer {}", i), reduce_partitions);
  }
  return reducers.wait();
}

}  // namespace quern::app

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/run/loss_policy.h"
#include "base/result.h"
#include "model/aggregate.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "model/pair.h"
#include "stages/output/output.h"
#include "stages/reducer/reducer.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {

// What the shuffle makes of the values of each key: what a built-in combiner or, without one, reducer makes of them.
std::optional<Aggregation> shuffle_aggregation(const Step& step);

// What stands between key and value of what the step's mapper gives: programs write text.
std::string_view mapped_between(const Job& job, const Step& step);

// From grouped pairs to the result: one reducer for each partition. Belongs to one thread.
class ReducePhase {
 public:
  // All are borrowed for the life of this object. `gives` is what the step's result is made of.
  ReducePhase(const Job& job, const Step& step, PairOutput gives, std::string scratch_folder, std::size_t processes,
              process::Guard& guard, EventSink& events, LossPolicy& policy);
  // The first reducer's interpreter can start while the mappers still work.
  Result<void> start_early();
  // Blocks until the module of one that was started early is loaded, or cannot be: then everybody gets the same error.
  // Any thread may call while the inputs are mapped.
  Result<void> wait_until_loaded(const std::stop_token& stop);
  // A sink that hands what the step's combiner makes of each block to `sink`; `sink` itself where no module combines.
  // Any thread may call; the sink belongs to one.
  std::unique_ptr<BlockSink> combined(std::unique_ptr<BlockSink> sink, const std::stop_token& stop);
  // All block. The result is complete in its target, but not committed, when they return. The last has a single
  // reducer for all groups, whatever the job says; a built-in combiner or reducer has made of them what it makes.
  Result<void> run(shuffle::Shuffle& shuffle, output::ResultTarget& target, const std::stop_token& stop);
  // Each partition's result goes to a target of its own.
  Result<void> run_apart(shuffle::Shuffle& shuffle, const std::vector<std::unique_ptr<output::ResultTarget>>& targets,
                         const std::stop_token& stop);
  Result<void> run(const reducer::OpenGroups& open, ReducedSink& sink, const std::stop_token& stop);

 private:
  Result<std::unique_ptr<reducer::Reducer>> make_reducer(std::size_t partition);
  Result<reducer::ReducerOptions> child_options(const Module& module, event::Role role, PairOutput output,
                                                std::size_t child);
  // `reducer` has started already, or is null: then one is made.
  Result<void> reduce_partition(const reducer::OpenGroups& open, std::size_t partition, ReducedSink& sink,
                                std::unique_ptr<reducer::Reducer> reducer, const std::stop_token& stop);
  using MakeSink = std::function<Result<std::unique_ptr<ReducedSink>>(std::size_t partition)>;
  Result<void> run_parts(shuffle::Shuffle& shuffle, const MakeSink& make_sink, const std::stop_token& stop);

  const Job& job_;
  const Step& step_;
  const PairOutput gives_;
  const std::string scratch_folder_;
  const std::size_t processes_;
  process::Guard& guard_;
  EventSink& events_;
  LossPolicy& policy_;
  std::unique_ptr<reducer::Reducer> early_;
  std::mutex early_mutex_;  // for mapper threads, which all wait for it
  std::optional<Error> early_failure_;
  std::atomic<std::size_t> combiners_ = 0;
};

}  // namespace quern::app

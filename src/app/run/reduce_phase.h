#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/run/run.h"
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

// The aggregation that the shuffle applies to the values of each key: that of a built-in combiner or, without one, of a
// built-in reducer.
std::optional<Aggregation> shuffle_aggregation(const Step& step);

// The separator between key and value in the mapper's output: programs write text.
std::string_view mapped_between(const Job& job, const Step& step);

// From grouped pairs to the result, with one reducer for each partition. Belongs to one thread, except where noted.
class ReducePhase {
 public:
  // The run, which is borrowed, must be in its workshop and outlive this object.
  explicit ReducePhase(const Run& run) : run_(run) {}
  // Starts the first reducer, whose interpreter can load while the mappers still work.
  Result<void> start_early();
  // Blocks until the module of a reducer that was started early is loaded or has failed: then every caller gets the
  // same error. May be called by any thread while the inputs are mapped.
  Result<void> wait_until_loaded(const std::stop_token& stop);
  // Returns a sink that passes the combiner's output for each block to `sink`; or `sink` itself if no module combines.
  // May be called by any thread; each sink belongs to one.
  std::unique_ptr<BlockSink> combined(std::unique_ptr<BlockSink> sink);
  // These all block. When they return, the result is complete in its target, but not committed. The last one uses a
  // single reducer for all groups, whatever the job says; the values must already be aggregated if the combiner or
  // reducer is built-in.
  Result<void> run(shuffle::Shuffle& shuffle, output::ResultTarget& target);
  // Writes each partition's result to a target of its own.
  Result<void> run_apart(shuffle::Shuffle& shuffle, const Targets& targets);
  Result<void> run(const reducer::OpenGroups& open, ReducedSink& sink);

 private:
  Result<std::unique_ptr<reducer::Reducer>> make_reducer(std::size_t partition);
  Result<reducer::ReducerOptions> child_options(const Module& module, event::Role role, PairOutput output,
                                                std::size_t child);
  // `reducer` must have been started; if it is null, one is made.
  Result<void> reduce_partition(const reducer::OpenGroups& open, std::size_t partition, ReducedSink& sink,
                                std::unique_ptr<reducer::Reducer> reducer, const std::stop_token& stop);
  using MakeSink = std::function<Result<std::unique_ptr<ReducedSink>>(std::size_t partition)>;
  Result<void> run_parts(shuffle::Shuffle& shuffle, const MakeSink& make_sink);

  const Run& run_;
  std::unique_ptr<reducer::Reducer> early_;
  std::mutex early_mutex_;  // for mapper threads, which all wait for the early reducer
  std::optional<Error> early_failure_;
  std::atomic<std::size_t> combiners_ = 0;
};

}  // namespace quern::app

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/run/local_run.h"
#include "app/run/module_loaders.h"
#include "app/run/reduce_phase.h"
#include "base/result.h"
#include "model/aggregated_groups.h"
#include "model/event.h"
#include "model/input.h"
#include "services/disk/files.h"
#include "services/process/guard.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

// The stages of one step, as `quern run` and `quern map` share them. All of it belongs to the main thread.

namespace quern::app {

// Says when a phase begins and, when it goes out of scope, that it ended.
class TimedPhase {
 public:
  TimedPhase(event::Phase phase, EventSink& events) : phase_(phase), events_(events) {
    events_.emit(event::PhaseStarted{phase_});
  }
  TimedPhase(const TimedPhase&) = delete;
  TimedPhase& operator=(const TimedPhase&) = delete;
  ~TimedPhase() { events_.emit(event::PhaseEnded{phase_, std::chrono::steady_clock::now() - start_}); }

 private:
  const event::Phase phase_;
  EventSink& events_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// What one run owns beside what it borrows.
struct Workshop {
  disk::ScratchFolder scratch;
  std::unique_ptr<process::Guard> guard;
  std::unique_ptr<ModuleLoaders> loaders;
  std::size_t processes = 1;
};
Result<Workshop> open_workshop(const LocalRun& run, LoadFor purpose);

// Where results go: one, or one for each reducer.
using Targets = std::vector<std::unique_ptr<output::ResultTarget>>;
// `output` alone, or output.0 to output.N-1. A path that cannot be written is an error here already.
Result<Targets> make_targets(const std::string& output, std::size_t count);
// `folder` makes way for them first; none: they are results of a step.
Result<void> commit(Targets& targets, const ResultFolder* folder);
std::uint64_t size_bytes(const Targets& targets);

// Where one step works.
struct Place {
  std::string scratch_folder;
  process::Guard& guard;
  ModuleLoaders& loaders;
  std::size_t processes = 1;
};

// From the inputs of a step to its results, which are complete then, but not committed.
using RunStep = std::function<Result<void>(const LocalRun& step, const Place& place, Targets& targets)>;
// The whole job, but that `first` does its first step; the further ones map what that one gave. Blocks.
Result<LocalRunResult> run_steps(const LocalRun& run, LoadFor purpose, std::size_t results, const RunStep& first);

// A step without a reducer: the mapped lines, in input order, are its result.
Result<void> map_in_order(const LocalRun& run, const Place& place, output::ResultTarget& target);

// The reduce phase of a step.
ReducePhase reduce_phase(const LocalRun& run, const Place& place);

// The aggregation that the run's first step applies to the values of each key, if any. With kTerms the results are
// merged with those of other tasks later; results in text cannot carry every state.
std::optional<Aggregation> aggregation_for(const LocalRun& run, AggregatedTo to);
// Whether the parts of the step hold states instead of values (Aggregator::terms_are_values).
bool leaves_states(const Step& step);

// The pairs of all inputs, not yet sorted.
struct MappedPairs {
  std::unique_ptr<shuffle::Shuffle> shuffle;
  std::set<InputOrdinal> failed_inputs;
};
// `reduce` gives the step's combiner.
Result<MappedPairs> map_pairs(const LocalRun& run, const Place& place, ReducePhase& reduce, AggregatedTo to);

}  // namespace quern::app

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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

// The stages of one step, shared by `quern run` and `quern map`. Main thread only.

namespace quern::app {

// Emits the beginning of a phase and, when it goes out of scope, its end.
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

// What one run owns, in contrast to what it borrows.
struct Workshop {
  disk::ScratchFolder scratch;
  std::unique_ptr<process::Guard> guard;
  std::unique_ptr<ModuleLoaders> loaders;
  std::size_t processes = 1;
};
Result<Workshop> open_workshop(const LocalRun& run, LoadFor purpose);

// The destinations of results: one, or one for each reducer.
using Targets = std::vector<std::unique_ptr<output::ResultTarget>>;
// Makes targets for `output` alone, or for output.0 to output.N-1. Fails immediately if a path cannot be written.
Result<Targets> make_targets(const std::string& output, std::size_t count);
// Commits all targets. First removes outdated files of `folder`; it is nullptr for results of a step.
Result<void> commit(Targets& targets, const ResultFolder* folder);
std::uint64_t size_bytes(const Targets& targets);

// The place where one step works.
struct Place {
  std::string scratch_folder;
  process::Guard& guard;
  ModuleLoaders& loaders;
  std::size_t processes = 1;
};

// Runs a step from its inputs to its results, which are then complete, but not committed.
using RunStep = std::function<Result<void>(const LocalRun& step, const Place& place, Targets& targets)>;
// Runs the whole job. `first` runs its first step, and each further step maps the result of the one before it. Blocks.
Result<LocalRunResult> run_steps(const LocalRun& run, LoadFor purpose, std::size_t results, const RunStep& first);

// Runs a step without a reducer: the mapped lines, in input order, are its result.
Result<void> map_in_order(const LocalRun& run, const Place& place, output::ResultTarget& target);

// Makes the reduce phase of a step.
ReducePhase reduce_phase(const LocalRun& run, const Place& place);

// Returns the aggregation that the run's first step applies to the values of each key, if any. With kTerms the results
// are merged with those of other tasks later. Then lists are not aggregated, nor are results in text that cannot
// represent the step's states.
std::optional<Aggregation> aggregation_for(const LocalRun& run, AggregatedTo to);
// Whether the parts of the step contain states instead of values (Aggregator::terms_are_values).
bool leaves_states(const Step& step);

// Returns the pairs of all inputs, not sorted yet. `reduce` provides the step's combiner.
Result<std::unique_ptr<shuffle::Shuffle>> map_pairs(const LocalRun& run, const Place& place, ReducePhase& reduce,
                                                    AggregatedTo to);

}  // namespace quern::app

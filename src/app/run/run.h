#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/run/loss_policy.h"
#include "app/run/module_loaders.h"
#include "base/result.h"
#include "model/aggregated_groups.h"
#include "model/event.h"
#include "model/job.h"
#include "model/packed_inputs.h"
#include "model/pair.h"
#include "services/disk/files.h"
#include "services/process/guard.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {

class InputSupply;
class RecordSample;
class ReducePhase;
class ResultFolder;
class ResultUpload;
class SuggestedFields;

// A run on this machine, or one step of it: what it reads, where it works and what it writes. The pointers are borrowed
// and never null, unless noted. A copy with other members is the run of one step.
struct Run {
  const Job* job;
  const InputList* inputs;
  InputSupply* supply;         // of these inputs
  std::string output;          // path of the result, or "-"
  std::string scratch_parent;  // "" means TMPDIR
  EventSink* events;           // receives all events and forwards them to `policy`
  LossPolicy* policy;
  std::stop_source* stop;  // of the whole run
  // The result, and the inputs of quern reduce, are text. Other steps and tasks of the job exchange pairs.
  PairOutput gives = {.is_text = true};
  bool reads_text = true;
  SuggestedFields* suggested_fields = nullptr;  // quern run --suggest-fields; else nullptr
  // The files at the place of the result; nullptr if they need not be accounted for.
  const ResultFolder* folder = nullptr;
  // The records of the first step that are mapped; nullptr: all.
  RecordSample* sample = nullptr;
  // Set by quern try: wraps the sinks of the first step's mappers, to show what they commit.
  std::function<std::unique_ptr<BlockSink>(std::unique_ptr<BlockSink> sink)> watch_output = {};
  // Uploads the result, which is then written to its file; nullptr if it stays where it is written.
  ResultUpload* upload = nullptr;

  // Set by Workshop::enter.
  std::string scratch_folder = {};
  process::Guard* guard = nullptr;
  ModuleLoaders* loaders = nullptr;
  std::size_t processes = 1;

  const Step& step() const { return job->steps.front(); }  // the first one
  std::stop_token stop_token() const { return stop->get_token(); }
};

struct RunResult {
  std::uint64_t result_bytes = 0;
};

// The number of results: with `result.parts: keep`, one for each reducer of the last step.
std::size_t run_results(const Job& job);

// Runs the whole job in this process: decode, map, shuffle, reduce, write. Blocks. The result appears only if all of it
// succeeds; failures within the limits of the job are not an error. Main thread only, as is all of this file.
Result<RunResult> run_job(const Run& run);

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

// What a run owns while it works, in contrast to what it borrows.
class Workshop {
 public:
  // Starts to load modules. The run must outlive the workshop.
  static Result<Workshop> open(const Run& run, LoadFor purpose);
  // Returns a copy of `run` that works here, in the subfolder `name` or, if that is "", directly.
  Result<Run> enter(const Run& run, const std::string& name = "") const;
  const std::string& folder() const { return scratch_.path(); }

 private:
  Workshop(disk::ScratchFolder scratch, std::unique_ptr<process::Guard> guard, std::unique_ptr<ModuleLoaders> loaders)
      : scratch_(std::move(scratch)), guard_(std::move(guard)), loaders_(std::move(loaders)) {}

  disk::ScratchFolder scratch_;
  std::unique_ptr<process::Guard> guard_;
  std::unique_ptr<ModuleLoaders> loaders_;
};

// The destinations of results: one, or one for each reducer.
using Targets = std::vector<std::unique_ptr<output::ResultTarget>>;
// Makes targets for `output` alone, or for output.0 to output.N-1. Fails immediately if a path cannot be written.
Result<Targets> make_targets(const std::string& output, std::size_t count);
// The same for the final results of the run, in the order and the format that the job asks for. What is written to them
// must be as last_output() says (shaped_result.h).
Result<Targets> make_final_targets(const Run& run, std::size_t count);
// Commits all targets. First removes outdated files of `folder`; it is nullptr for results of a step.
Result<void> commit(Targets& targets, const ResultFolder* folder);
std::uint64_t size_bytes(const Targets& targets);
// Ends a run whose results are complete in their targets: commits them, unless the run has lost more than the job
// allows.
Result<RunResult> commit_run(const Run& run, Targets& targets);

// Runs a step from its inputs to its results, which are then complete, but not committed.
using RunStep = std::function<Result<void>(const Run& step, Targets& targets)>;
// Runs the whole job. `first` runs its first step, and each further step maps the result of the one before it; the last
// one writes to `targets`, as last_output() says (shaped_result.h). Blocks.
Result<RunResult> run_steps(const Run& run, LoadFor purpose, Targets targets, const RunStep& first);

// Runs a step without a reducer: the mapped lines, in input order, are its result. Blocks.
Result<void> map_in_order(const Run& run, output::ResultTarget& target);
// Returns the pairs of all inputs, not sorted yet. `reduce` provides the step's combiner. Blocks.
Result<std::unique_ptr<shuffle::Shuffle>> map_pairs(const Run& run, ReducePhase& reduce, AggregatedTo to);

// Returns the aggregation that the run's first step applies to the values of each key, if any. With kTerms the results
// are merged with those of other tasks later. Then lists are not aggregated, nor are results in text that cannot
// represent the step's states.
std::optional<Aggregation> aggregation_for(const Run& run, AggregatedTo to);
// Whether the parts of the step contain states instead of values (Aggregator::terms_are_values).
bool leaves_states(const Step& step);

}  // namespace quern::app

#include "app/local_run.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "app/input_supply.h"
#include "app/loss_policy.h"
#include "app/map_phase.h"
#include "app/reduce_phase.h"
#include "app/step_run.h"
#include "app/tee.h"
#include "base/guarded.h"
#include "services/disk/files.h"
#include "services/process/guard.h"
#include "stages/output/output.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

using event::Phase;

// Says when a phase begins and, when it goes out of scope, that it ended.
class TimedPhase {
 public:
  TimedPhase(Phase phase, EventSink& events) : phase_(phase), events_(events) {
    events_.emit(event::PhaseStarted{phase_});
  }
  TimedPhase(const TimedPhase&) = delete;
  TimedPhase& operator=(const TimedPhase&) = delete;
  ~TimedPhase() { events_.emit(event::PhaseEnded{phase_, std::chrono::steady_clock::now() - start_}); }

 private:
  const Phase phase_;
  EventSink& events_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Tells the shuffle what became of each input, and remembers which failed: what they gave does not count.
class FailedInputs final : public EventSink {
 public:
  explicit FailedInputs(shuffle::Shuffle& shuffle) : shuffle_(shuffle) {}
  void emit(const event::Event& event) override {
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) shuffle_.input_decoded(decoded->input);
    if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
      shuffle_.input_failed(failed->input);
      inputs_.lock()->insert(failed->input);
    }
  }
  std::set<InputOrdinal> all() { return *inputs_.lock(); }

 private:
  shuffle::Shuffle& shuffle_;
  Guarded<std::set<InputOrdinal>> inputs_;
};

// Tells the ordered output what became of each input.
class OutputNotices final : public EventSink {
 public:
  OutputNotices(output::OrderedOutput& output, LossPolicy& policy) : output_(output), policy_(policy) {}
  void emit(const event::Event& event) override {
    Result<void> taken;
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
      taken = output_.input_decoded(decoded->input, decoded->blocks);
    } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
      taken = output_.input_failed(failed->input);
    }
    if (!taken.ok()) policy_.fail(std::move(taken).error());
  }

 private:
  output::OrderedOutput& output_;
  LossPolicy& policy_;
};

// What one run owns beside what it borrows.
struct Workshop {
  disk::ScratchFolder scratch;
  std::unique_ptr<process::Guard> guard;
  std::unique_ptr<output::ResultTarget> target;
  std::size_t processes = 1;
};

// One step of a run: where it works, and where its result goes.
struct Place {
  std::string scratch_folder;
  process::Guard& guard;
  std::size_t processes = 1;
  output::ResultTarget& target;
};

Result<Workshop> open_workshop(const LocalRun& run) {
  TRY_ASSIGN(auto target, output::ResultTarget::make(run.output));
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  TRY_ASSIGN(auto guard, process::Guard::start());
  return Workshop{.scratch = std::move(scratch),
                  .guard = std::move(guard),
                  .target = std::move(target),
                  .processes = processes_of(run.job)};
}

MapPhase map_phase(const LocalRun& run, const Place& place, EventSink& events,
                   std::function<std::unique_ptr<BlockSink>()> make_sink) {
  return MapPhase{.job = run.job,
                  .step = run.job.steps.front(),
                  .inputs = run.inputs,
                  .supply = run.supply,
                  .scratch_folder = place.scratch_folder,
                  .processes = place.processes,
                  .guard = place.guard,
                  .events = events,
                  .make_sink = std::move(make_sink)};
}

// No reducer: the mapped lines are the result, in input order.
Result<void> map_only(const LocalRun& run, const Place& place) {
  auto ordered = output::OrderedOutput::make(place.target, run.job.limits.memory_bytes, place.scratch_folder);
  OutputNotices notices(*ordered, run.policy);
  Tee events({&run.events, &notices});
  {
    TimedPhase timed(Phase::kMap, run.events);
    TRY(run_map_phase(map_phase(run, place, events, [&] { return ordered->sink(); }), run.stop.get_token()));
  }
  return ordered->finish();
}

Result<void> map_and_reduce(const LocalRun& run, const Place& place) {
  ReducePhase reduce(run.job, run.job.steps.front(), place.scratch_folder, place.processes, place.guard, run.events);
  TRY(reduce.start_early());
  auto shuffle = shuffle::Shuffle::make({.separator = run.job.separator,
                                         .partitions = run.job.reducers,
                                         .memory_bytes = run.job.limits.memory_bytes,
                                         .scratch_folder = place.scratch_folder,
                                         .threads = place.processes,
                                         .aggregation = shuffle_aggregation(run.job.steps.front())});
  FailedInputs failed(*shuffle);
  Tee events({&run.events, &failed});
  {
    TimedPhase timed(Phase::kMap, run.events);
    auto make_sink = [&] { return reduce.combined(shuffle->sink(), run.stop.get_token()); };
    TRY(run_map_phase(map_phase(run, place, events, make_sink), run.stop.get_token()));
  }
  TimedPhase timed(Phase::kReduce, run.events);
  TRY(shuffle->finish(failed.all(), run.stop.get_token()));
  return reduce.run(*shuffle, place.target, run.stop.get_token());
}

Result<void> run_step(const LocalRun& run, const Place& place) {
  TRY(run.job.steps.front().reducer.has_value() ? map_and_reduce(run, place) : map_only(run, place));
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  return {};
}

// Runs one of several steps over `inputs`, in a folder of its own.
Result<void> run_numbered_step(const LocalRun& run, Workshop& shop, std::size_t number, const InputList& inputs,
                               InputSupply& supply, output::ResultTarget& target) {
  const Job job = job_of_step(run.job, number);
  StepEvents step_events(number, run.events, run.policy);
  LocalRun step{.job = job,
                .inputs = inputs,
                .supply = supply,
                .output = run.output,
                .scratch_parent = run.scratch_parent,
                .events = number == 0 ? run.events : step_events,
                .policy = run.policy,
                .stop = run.stop};
  Place place{.scratch_folder = fmt::format("{}/step-{}", shop.scratch.path(), number + 1),
              .guard = *shop.guard,
              .processes = shop.processes,
              .target = target};
  TRY(disk::make_folders(place.scratch_folder));
  return run_step(step, place);
}

// The steps one after the other, each over the file that the one before it wrote.
Result<void> run_steps(const LocalRun& run, Workshop& shop) {
  const std::size_t last = run.job.steps.size() - 1;
  InputList between;
  std::unique_ptr<InputSupply> local = make_local_supply();
  for (std::size_t number = 0; number < last; ++number) {
    std::string path = fmt::format("{}/result-{}", shop.scratch.path(), number + 1);
    TRY_ASSIGN(auto file, StepFile::create(path));
    TRY(run_numbered_step(run, shop, number, number == 0 ? run.inputs : between, number == 0 ? run.supply : *local,
                          *file));
    TRY(file->commit());
    between.inputs = {{.name = fmt::format("step {}", number + 1), .path = path, .stored_bytes = file->size_bytes()}};
  }
  TRY(run_numbered_step(run, shop, last, last == 0 ? run.inputs : between, last == 0 ? run.supply : *local,
                        *shop.target));
  TimedPhase timed(Phase::kOutput, run.events);
  return shop.target->commit();
}

}  // namespace

Result<LocalRunResult> run_locally(const LocalRun& run) {
  TRY_ASSIGN(Workshop shop, open_workshop(run));
  auto done = run_steps(run, shop);
  // A loss beyond the limits stops everything; why it did is what counts, not that the stages were stopped.
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  return LocalRunResult{.result_bytes = shop.target->size_bytes()};
}

}  // namespace quern::app

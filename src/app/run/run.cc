#include "app/run/run.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/job/result_folder.h"
#include "app/remote/input_supply.h"
#include "app/remote/result_upload.h"
#include "app/run/event_sinks.h"
#include "app/run/map_phase.h"
#include "app/run/reduce_phase.h"
#include "app/run/shaped_result.h"
#include "app/run/step_run.h"
#include "stages/output/ordered_output.h"

// The way of a run, from its inputs to its result: the map phase (map_phase.cc) fills a shuffle or, without a reducer,
// the ordered output, and the reduce phase (reduce_phase.cc) reads the shuffle.

namespace quern::app {
namespace {

using event::Phase;

Result<void> map_and_reduce(const Run& run, Targets& targets) {
  ReducePhase reduce(run);
  TRY(reduce.start_early());
  TRY_ASSIGN(auto shuffle, map_pairs(run, reduce, AggregatedTo::kResult));
  TimedPhase timed(Phase::kReduce, *run.events);
  TRY(shuffle->finish());
  if (targets.size() > 1) return reduce.run_apart(*shuffle, targets);
  return reduce.run(*shuffle, *targets.front());
}

Result<void> run_step(const Run& run, Targets& targets) {
  return run.step().reducer.has_value() ? map_and_reduce(run, targets) : map_in_order(run, *targets.front());
}

// Runs one of several steps, in a folder of its own. `inputs` is the result of the step before it, or nullptr.
Result<void> run_numbered_step(const Run& run, const Workshop& shop, std::size_t number, const InputList* inputs,
                               const RunStep& run_it, Targets& targets) {
  Job job = job_of_step(*run.job, number);
  const bool is_last = number + 1 == run.job->steps.size();
  if (is_last) job.limits.memory_bytes -= order_memory(*run.job);
  StepEvents step_events(number, job.separator, *run.events, *run.policy);
  const std::unique_ptr<InputSupply> local = make_local_supply();
  TRY_ASSIGN(Run step, shop.enter(run, fmt::format("step-{}", number + 1)));
  step.job = &job;
  step.gives = is_last ? last_output(*run.job) : PairOutput{};
  if (inputs != nullptr) {
    step.inputs = inputs;
    step.sample = nullptr;
    step.watch_output = nullptr;
    step.supply = local.get();
    step.events = &step_events;
  }
  return run_it(step, targets);
}

// Runs the steps one after another, each over the file that the one before it wrote.
Result<RunResult> run_all_steps(const Run& run, const RunStep& first, const Workshop& shop, Targets& targets) {
  const std::size_t last = run.job->steps.size() - 1;
  InputList between;
  for (std::size_t number = 0; number <= last; ++number) {
    const InputList* inputs = number == 0 ? nullptr : &between;
    const RunStep& run_it = number == 0 ? first : run_step;
    if (number == last) {
      TRY(run_numbered_step(run, shop, number, inputs, run_it, targets));
      break;
    }
    std::string path = fmt::format("{}/result-{}", shop.folder(), number + 1);
    Targets files;
    TRY_ASSIGN(auto file, StepFile::create(path));
    files.push_back(std::move(file));
    TRY(run_numbered_step(run, shop, number, inputs, run_it, files));
    TRY(commit(files, nullptr));
    between.inputs = {};
    between.inputs.append(
        {.name = fmt::format("step {}", number + 1), .path = path, .stored_bytes = size_bytes(files)});
  }
  return commit_run(run, targets);
}

// Tells the ordered output how many blocks each input has. If blocks of an input that failed are on their way, the run
// ends, so it is not told.
class OutputNotices final : public EventSink {
 public:
  OutputNotices(output::OrderedOutput& output, LossPolicy& policy) : output_(output), policy_(policy) {}
  void emit(const event::Event& event) override {
    Result<void> taken;
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
      taken = output_.input_decoded(decoded->input, decoded->blocks);
    } else if (const auto* failed = std::get_if<event::InputFailed>(&event); failed != nullptr && !failed->was_begun) {
      taken = output_.input_decoded(failed->input, 0);
    }
    if (!taken.ok()) policy_.fail(std::move(taken).error());
  }

 private:
  output::OrderedOutput& output_;
  LossPolicy& policy_;
};

// Turns a mapper program's lines into pairs, if a further step needs pairs.
class CuttingSink final : public BlockSink {
 public:
  CuttingSink(std::unique_ptr<BlockSink> sink, std::string_view separator)
      : sink_(std::move(sink)), separator_(separator) {}
  Result<void> commit(BlockOutput output) override {
    for (Buffer& lines : output.lines) cut_into_pairs(lines, separator_);
    return sink_->commit(std::move(output));
  }

 private:
  const std::unique_ptr<BlockSink> sink_;
  const std::string_view separator_;
};

std::unique_ptr<BlockSink> ordered_sink(const Run& run, output::OrderedOutput& ordered) {
  const std::string_view between = mapped_between(*run.job, run.step());
  if (run.gives.is_text || between == kBetweenInside) return ordered.sink();
  return std::make_unique<CuttingSink>(ordered.sink(), between);
}

// The part of limits.memory for pairs and lines that count.
std::uint64_t memory_for_output(const Run& run) { return run.job->limits.memory_bytes - held_output_bytes(*run.job); }

}  // namespace

std::size_t run_results(const Job& job) {
  return job.keep_parts && job.steps.back().reducer.has_value() ? job.reducers : 1;
}

Result<RunResult> run_job(const Run& run) {
  TRY_ASSIGN(Targets targets, make_final_targets(run, run_results(*run.job)));
  return run_steps(run, LoadFor::kRun, std::move(targets), run_step);
}

Result<RunResult> run_steps(const Run& run, LoadFor purpose, Targets targets, const RunStep& first) {
  TRY_ASSIGN(const Workshop shop, Workshop::open(run, purpose));
  return run_all_steps(run, first, shop, targets);
}

Result<Workshop> Workshop::open(const Run& run, LoadFor purpose) {
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  TRY_ASSIGN(auto guard, process::Guard::start());
  TRY_ASSIGN(auto loaders, ModuleLoaders::start(*run.job, purpose, scratch.path(), *guard, run.stop_token()));
  return Workshop(std::move(scratch), std::move(guard), std::move(loaders));
}

Result<Run> Workshop::enter(const Run& run, const std::string& name) const {
  Run own = run;
  own.scratch_folder = name.empty() ? folder() : folder() + "/" + name;
  own.guard = guard_.get();
  own.loaders = loaders_.get();
  own.processes = processes_of(*run.job);
  TRY(disk::make_folders(own.scratch_folder));
  return own;
}

Result<Targets> make_targets(const std::string& output, std::size_t count) {
  if (count > 1) return output::ResultTarget::make_parts(output, count);
  disk::remove_left_overs(disk::folder_of(output));
  Targets targets;
  TRY_ASSIGN(targets.emplace_back(), output::ResultTarget::make(output));
  return targets;
}

Result<Targets> make_final_targets(const Run& run, std::size_t count) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, count));
  for (auto& target : targets) target = shaped(run, std::move(target));
  return targets;
}

Result<void> commit(Targets& targets, const ResultFolder* folder) {
  for (auto& target : targets) TRY(target->finish());
  if (folder != nullptr) TRY(folder->make_way());
  for (auto& target : targets) TRY(target->commit());
  return {};
}

std::uint64_t size_bytes(const Targets& targets) {
  std::uint64_t sum = 0;
  for (const auto& target : targets) sum += target->size_bytes();
  return sum;
}

Result<RunResult> commit_run(const Run& run, Targets& targets) {
  if (auto failure = run.policy->failure(); failure.has_value()) return Error(*failure);
  TimedPhase timed(Phase::kOutput, *run.events);
  TRY(commit(targets, run.folder));
  if (run.upload != nullptr) TRY(run.upload->send(run.stop_token()));
  return RunResult{.result_bytes = size_bytes(targets)};
}

Result<void> map_in_order(const Run& run, output::ResultTarget& target) {
  output::OrderedOutput ordered(target, memory_for_output(run), run.scratch_folder);
  OutputNotices notices(ordered, *run.policy);
  Tee events({run.events, &notices});
  Run heard = run;
  heard.events = &events;
  {
    TimedPhase timed(Phase::kMap, *run.events);
    TRY(run_map_phase(heard, {.form = run.gives,
                              .make_sink = [&] { return ordered_sink(run, ordered); },
                              .begin = [&](const std::stop_token& stop) { return run.loaders->wait(stop); }}));
  }
  return ordered.finish();
}

Result<std::unique_ptr<shuffle::Shuffle>> map_pairs(const Run& run, ReducePhase& reduce, AggregatedTo to) {
  const Step& step = run.step();
  const bool is_combined = step.combiner.has_value() && step.combiner->module.has_value();
  auto shuffle =
      shuffle::Shuffle::make({.separator = std::string(is_combined ? kBetweenInside : mapped_between(*run.job, step)),
                              .partitions = run.job->reducers,
                              .memory_bytes = memory_for_output(run),
                              .scratch_folder = run.scratch_folder,
                              .threads = run.processes,
                              .stop = run.stop_token(),
                              .aggregation = aggregation_for(run, to),
                              .aggregated_to = to,
                              .events = run.events});
  TimedPhase timed(Phase::kMap, *run.events);
  auto begin = [&](const std::stop_token& stop) -> Result<void> {
    TRY(reduce.wait_until_loaded(stop));
    return run.loaders->wait(stop);
  };
  // A combiner that reads text splits the lines itself, and its output is split again.
  const bool is_text_combined = is_combined && step.combiner->module->interface != Interface::kFunction;
  TRY(run_map_phase(run, {.form = {.only_plain = run.gives.only_plain || is_text_combined,
                                   .joins_columns = aggregation_for(run, to).has_value()},
                          .make_sink = [&] { return reduce.combined(shuffle->sink()); },
                          .begin = begin}));
  return shuffle;
}

bool leaves_states(const Step& step) {
  const auto aggregation = shuffle_aggregation(step);
  return aggregation.has_value() && !Aggregator(*aggregation).terms_are_values();
}

std::optional<Aggregation> aggregation_for(const Run& run, AggregatedTo to) {
  auto aggregation = shuffle_aggregation(run.step());
  if (!aggregation.has_value() || to == AggregatedTo::kResult) return aggregation;
  if (run.gives.is_text && leaves_states(run.step())) return std::nullopt;
  return aggregation->kind != Aggregation::Kind::kList ? aggregation : std::nullopt;
}

}  // namespace quern::app

#include "app/run/step_stages.h"

#include <fmt/format.h>

#include <utility>

#include "app/job/result_folder.h"
#include "app/remote/input_supply.h"
#include "app/run/loss_policy.h"
#include "app/run/map_phase.h"
#include "app/run/tee.h"
#include "stages/output/ordered_output.h"

namespace quern::app {
namespace {

using event::Phase;

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

std::unique_ptr<BlockSink> ordered_sink(const LocalRun& run, output::OrderedOutput& ordered) {
  const std::string_view between = mapped_between(run.job, run.job.steps.front());
  if (run.gives.is_text || between == kBetweenInside) return ordered.sink();
  return std::make_unique<CuttingSink>(ordered.sink(), between);
}

MapPhase map_phase(const LocalRun& run, const Place& place, PairOutput output, EventSink& events,
                   std::function<std::unique_ptr<BlockSink>()> make_sink,
                   std::function<Result<void>(const std::stop_token&)> begin) {
  return MapPhase{.job = run.job,
                  .step = run.job.steps.front(),
                  .output = output,
                  .inputs = run.inputs,
                  .supply = run.supply,
                  .scratch_folder = place.scratch_folder,
                  .processes = place.processes,
                  .guard = place.guard,
                  .events = events,
                  .policy = run.policy,
                  .make_sink = std::move(make_sink),
                  .begin = std::move(begin)};
}

}  // namespace

Result<Workshop> open_workshop(const LocalRun& run, LoadFor purpose) {
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  TRY_ASSIGN(auto guard, process::Guard::start());
  TRY_ASSIGN(auto loaders, ModuleLoaders::start(run.job, purpose, scratch.path(), *guard));
  return Workshop{.scratch = std::move(scratch),
                  .guard = std::move(guard),
                  .loaders = std::move(loaders),
                  .processes = processes_of(run.job)};
}

Result<Targets> make_targets(const std::string& output, std::size_t count) {
  if (count > 1) return output::ResultTarget::make_parts(output, count);
  disk::remove_left_overs(disk::folder_of(output));
  Targets targets;
  TRY_ASSIGN(targets.emplace_back(), output::ResultTarget::make(output));
  return targets;
}

Result<void> commit(Targets& targets, const ResultFolder* folder) {
  if (folder != nullptr) TRY(folder->make_way());
  for (auto& target : targets) TRY(target->commit());
  return {};
}

std::uint64_t size_bytes(const Targets& targets) {
  std::uint64_t sum = 0;
  for (const auto& target : targets) sum += target->size_bytes();
  return sum;
}

Result<void> map_in_order(const LocalRun& run, const Place& place, output::ResultTarget& target) {
  output::OrderedOutput ordered(target, run.job.limits.memory_bytes - held_output_bytes(run.job), place.scratch_folder);
  OutputNotices notices(ordered, run.policy);
  Tee events({&run.events, &notices});
  {
    TimedPhase timed(Phase::kMap, run.events);
    auto begin = [&](const std::stop_token& stop) { return place.loaders.wait(stop); };
    auto make_sink = [&] { return ordered_sink(run, ordered); };
    TRY(run_map_phase(map_phase(run, place, run.gives, events, make_sink, begin), run.stop.get_token()));
  }
  return ordered.finish();
}

bool leaves_states(const Step& step) {
  const auto aggregation = shuffle_aggregation(step);
  return aggregation.has_value() && !Aggregator(*aggregation).terms_are_values();
}

std::optional<Aggregation> aggregation_for(const LocalRun& run, AggregatedTo to) {
  auto aggregation = shuffle_aggregation(run.job.steps.front());
  if (!aggregation.has_value() || to == AggregatedTo::kResult) return aggregation;
  if (run.gives.is_text && leaves_states(run.job.steps.front())) return std::nullopt;
  return aggregation->kind != Aggregation::Kind::kList ? aggregation : std::nullopt;
}

ReducePhase reduce_phase(const LocalRun& run, const Place& place) {
  return {run.job,         run.job.steps.front(), run.gives,  place.scratch_folder,
          place.processes, place.guard,           run.events, run.policy};
}

Result<std::unique_ptr<shuffle::Shuffle>> map_pairs(const LocalRun& run, const Place& place, ReducePhase& reduce,
                                                    AggregatedTo to) {
  const Step& step = run.job.steps.front();
  const bool is_combined = step.combiner.has_value() && step.combiner->module.has_value();
  auto shuffle =
      shuffle::Shuffle::make({.separator = std::string(is_combined ? kBetweenInside : mapped_between(run.job, step)),
                              .partitions = run.job.reducers,
                              .memory_bytes = run.job.limits.memory_bytes - held_output_bytes(run.job),
                              .scratch_folder = place.scratch_folder,
                              .threads = place.processes,
                              .stop = run.stop.get_token(),
                              .aggregation = aggregation_for(run, to),
                              .aggregated_to = to,
                              .events = &run.events});
  TimedPhase timed(Phase::kMap, run.events);
  auto make_sink = [&] { return reduce.combined(shuffle->sink(), run.stop.get_token()); };
  auto begin = [&](const std::stop_token& stop) -> Result<void> {
    TRY(reduce.wait_until_loaded(stop));
    return place.loaders.wait(stop);
  };
  // A combiner that reads text splits the lines itself, and its output is split again.
  const bool is_text_combined = is_combined && step.combiner->module->interface != Interface::kFunction;
  const PairOutput pairs{.only_plain = run.gives.only_plain || is_text_combined};
  TRY(run_map_phase(map_phase(run, place, pairs, run.events, make_sink, begin), run.stop.get_token()));
  return shuffle;
}

}  // namespace quern::app

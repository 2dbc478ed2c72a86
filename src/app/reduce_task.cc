#include "app/reduce_task.h"

#include <memory>
#include <utility>
#include <vector>

#include "app/input_opener.h"
#include "app/loss_policy.h"
#include "app/reduce_phase.h"
#include "app/step_stages.h"
#include "model/aggregated_groups.h"
#include "stages/decode/decode.h"
#include "stages/output/output.h"
#include "stages/shuffle/text_merge.h"

namespace quern::app {
namespace {

using event::Phase;

// The decoded bytes of one map task's result, which says what became of it.
class MapResult final : public ByteSource {
 public:
  MapResult(std::unique_ptr<ByteSource> source, InputOrdinal input, std::uint64_t stored_bytes, EventSink& events)
      : source_(std::move(source)), input_(input), stored_bytes_(stored_bytes), events_(events) {}

  Result<std::size_t> read(std::span<char> target) override {
    TRY_ASSIGN(std::size_t count, source_->read(target));
    if (count > 0) {
      decoded_bytes_ += count;
      return count;
    }
    events_.emit(event::InputProgress{.input = input_, .stored_bytes = stored_bytes_, .decoded_bytes = decoded_bytes_});
    events_.emit(event::InputDecoded{.input = input_, .blocks = 0});
    return count;
  }

 private:
  const std::unique_ptr<ByteSource> source_;
  const InputOrdinal input_;
  const std::uint64_t stored_bytes_;
  EventSink& events_;
  std::uint64_t decoded_bytes_ = 0;
};

std::vector<shuffle::SortedText> map_results_of(const LocalRun& run) {
  std::vector<shuffle::SortedText> texts;
  for (InputOrdinal i = 0; i < run.inputs.inputs.size(); ++i) {
    const Input& input = run.inputs.inputs[i];
    auto open = [&run, &input, i]() -> Result<std::unique_ptr<ByteSource>> {
      TRY_ASSIGN(auto decoded, open_decoded_bytes(run.supply, input, std::nullopt));
      return std::unique_ptr<ByteSource>(
          std::make_unique<MapResult>(std::move(decoded), i, input.stored_bytes, run.events));
    };
    texts.push_back({.name = input.name, .open = open});
  }
  return texts;
}

// A combiner or built-in reducer of quern's own makes of each key's values what it would have made in one process.
Result<std::unique_ptr<GroupSource>> merged_groups(const LocalRun& run, const std::string& scratch_folder) {
  TRY_ASSIGN(auto groups, shuffle::merge_texts(map_results_of(run),
                                               {.separator = run.job.separator,
                                                .memory_bytes = run.job.limits.memory_bytes,
                                                .scratch_folder = scratch_folder},
                                               run.stop.get_token()));
  auto aggregation = shuffle_aggregation(run.job.steps.front());
  if (!aggregation.has_value() || aggregation->kind == Aggregation::Kind::kList) return groups;
  return make_aggregated_groups(std::move(groups), *aggregation, AggregatedFrom::kValues);
}

Result<void> merge_and_reduce(const LocalRun& run, Workshop& shop, output::ResultTarget& target) {
  ReducePhase reduce(run.job, run.job.steps.front(), shop.scratch.path(), shop.processes, *shop.guard, run.events);
  {
    TimedPhase timed(Phase::kReduce, run.events);
    TRY(reduce.start_early());
    TRY_ASSIGN(auto groups, merged_groups(run, shop.scratch.path()));
    TRY(reduce.run(std::move(groups), target, run.stop.get_token()));
  }
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  TimedPhase timed(Phase::kOutput, run.events);
  return target.commit();
}

}  // namespace

Result<LocalRunResult> run_reduce_task(const LocalRun& run) {
  TRY_ASSIGN(auto target, output::ResultTarget::make(run.output));
  TRY_ASSIGN(Workshop shop, open_workshop(run));
  auto done = merge_and_reduce(run, shop, *target);
  if (auto failure = run.policy.failure(); failure.has_value()) return Error(*failure);
  if (!done.ok()) return std::move(done).error();
  return LocalRunResult{.result_bytes = target->size_bytes()};
}

}  // namespace quern::app

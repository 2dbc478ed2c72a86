#include "app/run/halves.h"

#include <fmt/format.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/run/input_opener.h"
#include "app/run/loss_policy.h"
#include "app/run/reduce_phase.h"
#include "app/run/run.h"
#include "app/run/step_run.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/task_group.h"
#include "model/aggregated_groups.h"
#include "model/groups.h"
#include "model/limits.h"
#include "model/pair.h"
#include "stages/output/output.h"
#include "stages/shuffle/pair_keys.h"
#include "stages/shuffle/shuffle.h"
#include "stages/shuffle/text_merge.h"

namespace quern::app {
namespace {

// The inputs of reduce, merge and collect tasks: the possibly compressed output of other tasks of the job.

// Emits the event for the end of its input.
class PartSource final : public ByteSource {
 public:
  PartSource(std::unique_ptr<ByteSource> source, InputOrdinal input, std::uint64_t stored_bytes, EventSink& events)
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

// Returns the decoded bytes of one input. Emits an event about the input at its verified end.
Result<std::unique_ptr<ByteSource>> open_part(const Run& run, InputOrdinal input) {
  const Input part = run.inputs->inputs[input];
  auto decoded = open_decoded_bytes(*run.supply, input, part, std::nullopt);
  if (!decoded.ok()) return std::move(decoded).error();
  return std::unique_ptr<ByteSource>(
      std::make_unique<PartSource>(std::move(decoded).value(), input, part.stored_bytes, *run.events));
}

// Returns the inputs [first, first + count) as sorted texts, which borrow the run.
std::vector<shuffle::SortedText> sorted_parts(const Run& run, std::size_t first, std::size_t count) {
  std::vector<shuffle::SortedText> texts;
  for (std::size_t i = first; i < first + count; ++i) {
    texts.push_back({.name = run.inputs->inputs[i].name.str(),
                     .open = [&run, i] { return open_part(run, static_cast<InputOrdinal>(i)); }});
  }
  return texts;
}

// Writes the inputs [first, first + count) to `target`, one after another and unchanged. Blocks.
Result<void> concatenate_parts(const Run& run, std::size_t first, std::size_t count, ByteSink& target) {
  Buffer buffer;
  buffer.resize(limits::kReadBytes);
  const std::stop_token stop = run.stop_token();
  for (std::size_t i = first; i < first + count; ++i) {
    TRY_ASSIGN(auto source, open_part(run, static_cast<InputOrdinal>(i)));
    while (true) {
      if (stop.stop_requested()) return stopped();
      auto bytes = source->read({buffer.data(), buffer.size()});
      if (!bytes.ok()) return std::move(bytes).error().with_context(run.inputs->inputs[i].name);
      if (bytes.value() == 0) break;
      TRY(target.write({buffer.data(), bytes.value()}));
    }
  }
  return {};
}

// Returns the pairs of these inputs, grouped. With a built-in combiner or reducer, each key has the aggregate of its
// values, in the form of `to`. Otherwise values stay in the order of the inputs.
Result<std::unique_ptr<GroupSource>> merged_parts(const Run& run, std::size_t first, std::size_t count,
                                                  AggregatedTo to) {
  auto aggregation = aggregation_for(run, to);
  const bool is_sorted = aggregation.has_value() && sorts_values(aggregation->kind);
  // Values are sorted while the parts are being read, which needs memory too.
  const std::uint64_t memory_bytes = is_sorted ? run.job->limits.memory_bytes / 2 : run.job->limits.memory_bytes;
  TRY_ASSIGN(auto groups,
             shuffle::merge_texts(sorted_parts(run, first, count),
                                  {.separator = std::string(run.reads_text ? run.job->separator : kBetweenInside),
                                   .memory_bytes = memory_bytes,
                                   .scratch_folder = run.scratch_folder},
                                  run.stop_token()));
  if (!aggregation.has_value() || aggregation->kind == Aggregation::Kind::kList) return groups;
  const AggregatedFrom from = run.reads_text ? AggregatedFrom::kValues : AggregatedFrom::kTerms;
  if (is_sorted) {
    return shuffle::aggregate_sorted(std::move(groups), {.memory_bytes = memory_bytes,
                                                         .scratch_folder = run.scratch_folder,
                                                         .stop = run.stop_token(),
                                                         .aggregation = *aggregation,
                                                         .aggregated_from = from,
                                                         .aggregated_to = to,
                                                         .events = run.events});
  }
  return make_aggregated_groups(std::move(groups), *aggregation, from, to, run.events);
}

// Writes each value of the groups as a pair; as text if `between` is a separator (model/pair.h). Blocks.
Result<void> write_pairs(GroupSource& groups, std::string_view between, output::ResultTarget& target,
                         const std::stop_token& stop) {
  Buffer lines(limits::kBlockBytes);
  while (true) {
    TRY_ASSIGN(bool has_group, groups.next_group());
    if (!has_group) break;
    while (true) {
      TRY_ASSIGN(bool has_value, groups.next_value());
      if (!has_value) break;
      append_pair(groups.key(), between, groups.value(), lines);
      if (lines.size() < limits::kBlockBytes) continue;
      if (stop.stop_requested()) return stopped();
      TRY(target.write(lines.view()));
      lines.clear();
    }
  }
  return target.write(lines.view());
}

using event::Phase;

Result<void> write_partitions(const Run& run, shuffle::Shuffle& shuffle, Targets& targets) {
  std::atomic<std::size_t> next = 0;
  const std::string_view between = run.gives.between(run.job->separator);
  TaskGroup writers(run.stop_token());
  for (std::size_t i = 1; i <= std::min(run.processes, targets.size()); ++i) {
    writers.spawn(fmt::format("writer {}", i), [&](const std::stop_token& stop) -> Result<void> {
      for (std::size_t partition = next++; partition < targets.size(); partition = next++) {
        TRY_ASSIGN(auto groups, shuffle.groups(partition));
        TRY(write_pairs(*groups, between, *targets[partition], stop));
        TRY(targets[partition]->rest());
      }
      return {};
    });
  }
  return writers.wait();
}

Result<void> map_and_sort(const Run& run, Targets& targets) {
  ReducePhase reduce(run);
  TRY_ASSIGN(auto shuffle, map_pairs(run, reduce, AggregatedTo::kTerms));
  TimedPhase timed(Phase::kReduce, *run.events);
  TRY(shuffle->finish());
  return write_partitions(run, *shuffle, targets);
}

}  // namespace

std::size_t map_results(const Job& job) { return job.steps.front().reducer.has_value() ? job.reducers : 1; }

Result<RunResult> run_map_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, map_results(*run.job)));
  TRY_ASSIGN(const Workshop shop, Workshop::open(run, LoadFor::kMap));
  TRY_ASSIGN(const Run own, shop.enter(run));
  TRY(run.step().reducer.has_value() ? map_and_sort(own, targets) : map_in_order(own, *targets.front()));
  return commit_run(run, targets);
}

namespace {

Result<void> merge_partition(const Run& run, std::size_t first, std::size_t count, output::ResultTarget& target) {
  if (!run.step().reducer.has_value()) return concatenate_parts(run, first, count, target);
  TRY_ASSIGN(auto groups, merged_parts(run, first, count, AggregatedTo::kTerms));
  return write_pairs(*groups, kBetweenInside, target, run.stop_token());
}

Result<void> merge_all(const Run& run, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, *run.events);
  const std::size_t count = run.inputs->inputs.size() / targets.size();
  CHECK(count * targets.size() == run.inputs->inputs.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    TRY(merge_partition(run, i * count, count, *targets[i]));
    TRY(targets[i]->rest());
  }
  return {};
}

// The merge reads all parts at the same time, so they are decoded first.
Result<void> collect(const Run& run, Targets& targets) {
  TimedPhase timed(event::Phase::kReduce, *run.events);
  const std::size_t count = run.inputs->inputs.size();
  if (!run.step().reducer.has_value()) return concatenate_parts(run, 0, count, *targets.front());
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.push_back(fmt::format("{}/decoded-{}", run.scratch_folder, i));
    TRY_ASSIGN(auto file, StepFile::create(paths.back()));
    TRY(concatenate_parts(run, i, 1, *file));
    TRY(file->commit());
  }
  return output::merge_part_files(paths, *targets.front());
}

// A merge needs a folder for temporary files, but neither children nor modules.
Result<RunResult> run_in_folder(const Run& run, Targets targets, Result<void> (*work)(const Run&, Targets&)) {
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(run.scratch_parent));
  Run own = run;
  own.scratch_folder = scratch.path();
  TRY(work(own, targets));
  return commit_run(run, targets);
}

}  // namespace

Result<RunResult> run_merge_task(const Run& run, std::size_t partitions) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, partitions));
  return run_in_folder(run, std::move(targets), merge_all);
}

Result<RunResult> run_collect_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_final_targets(run, 1));
  return run_in_folder(run, std::move(targets), collect);
}

namespace {

Result<void> merge_and_reduce(const Run& step, ReducedSink& sink) {
  ReducePhase reduce(step);
  TimedPhase timed(event::Phase::kReduce, *step.events);
  TRY(reduce.start_early());
  TRY(reduce.wait_until_loaded(step.stop_token()));
  TRY(step.loaders->wait(step.stop_token()));
  return reduce.run([&] { return merged_parts(step, 0, step.inputs->inputs.size(), AggregatedTo::kResult); }, sink);
}

// If the first step has no reducer, the output of its maps is the input of the next step.
Result<void> reduce_first_step(const Run& step, Targets& targets) {
  if (!step.step().reducer.has_value()) {
    return concatenate_parts(step, 0, step.inputs->inputs.size(), *targets.front());
  }
  auto sink = output::make_direct_sink(*targets.front());
  return merge_and_reduce(step, *sink);
}

Result<void> reduce_partition(const Run& step, Targets& targets) {
  auto sink = output::make_keyed_sink(*targets.front());
  return merge_and_reduce(step, *sink);
}

}  // namespace

Result<RunResult> run_reduce_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_final_targets(run, 1));
  return run_steps(run, LoadFor::kReduce, std::move(targets), reduce_first_step);
}

Result<RunResult> run_partition_task(const Run& run) {
  TRY_ASSIGN(Targets targets, make_targets(run.output, 1));
  return run_steps(run, LoadFor::kReduce, std::move(targets), reduce_partition);
}

}  // namespace quern::app

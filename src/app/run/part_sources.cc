#include "app/run/part_sources.h"

#include <optional>
#include <utility>

#include "app/run/input_opener.h"
#include "base/bytes.h"
#include "model/limits.h"
#include "model/pair.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::app {
namespace {

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

}  // namespace

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

}  // namespace quern::app

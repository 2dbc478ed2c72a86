#include "stages/select/select.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "model/limits.h"
#include "services/json/record_line.h"
#include "services/json/walk_plan.h"

namespace quern::select {
namespace {

// The initial size for a block of reduced records; most need no more.
constexpr std::size_t kReducedBytes = 64 * limits::kKiB;

// The paths to watch for until each has occurred.
json::Wanted watched_of(const json::Selection& selection) {
  json::Wanted wanted = json::wanted_of(selection);
  wanted.captured.insert(wanted.captured.end(), selection.fields.begin(), selection.fields.end());
  return wanted;
}

class Selecting final : public BlockSource {
 public:
  Selecting(std::unique_ptr<BlockSource> inner, const json::Selection& selection, RecordKind kind, EventSink& events,
            BufferPool& pool)
      : inner_(std::move(inner)),
        selection_(selection),
        plan_(json::wanted_of(selection)),
        lines_(plan_, kind),
        watched_plan_(watched_of(selection)),
        watched_lines_(watched_plan_, kind),
        events_(events),
        pool_(pool) {}

  Result<bool> next(Block& block) override {
    pool_.give(std::move(block.original));
    block.kept.clear();
    block.dropped = 0;
    TRY_ASSIGN(bool more, inner_->next(block));
    block.made_from_bytes = block.decoded_bytes();
    if (more && plan_.copies()) reduce(block);
    if (more && !plan_.copies()) thin_out(block);
    return more;
  }

 private:
  // Writes reduced records to a separate buffer, because the original lines are needed if one of them turns out to be
  // bad.
  void reduce(Block& block) {
    Buffer reduced = pool_.take(kReducedBytes);
    std::size_t from = 0;
    for (Segment& segment : block.segments) {
      std::size_t reduced_before = reduced.size();
      for_each_line(block, segment, from, reduced, [&](std::string_view) { reduced.push_back('\n'); });
      segment.size_bytes = reduced.size() - reduced_before;
    }
    block.original = std::exchange(block.bytes, std::move(reduced));
  }

  // Moves the lines that stay to the front of the block.
  void thin_out(Block& block) {
    Buffer nothing;
    std::size_t from = 0;
    std::size_t to = 0;
    for (Segment& segment : block.segments) {
      std::size_t to_before = to;
      for_each_line(block, segment, from, nothing, [&](std::string_view line) {
        if (block.bytes.data() + to != line.data()) std::memmove(block.bytes.data() + to, line.data(), line.size() + 1);
        to += line.size() + 1;
      });
      segment.size_bytes = to - to_before;
    }
    if (to == block.bytes.size()) block.kept.clear();
    block.bytes.resize(to);
  }

  // Calls `keep` for each line of the segment that stays, with its reduced record in `reduced`. Moves `from` to the
  // segment's end.
  template <typename Keep>
  void for_each_line(Block& block, Segment& segment, std::size_t& from, Buffer& reduced, Keep keep) {
    std::uint64_t lines = segment.lines;
    segment.lines = 0;
    for (std::uint64_t i = 0; i < lines; ++i) {
      const char* start = block.bytes.data() + from;
      const auto* end = static_cast<const char*>(std::memchr(start, '\n', block.bytes.size() - from));
      std::string_view line(start, static_cast<std::size_t>(end - start));
      KeptLine origin{.number = segment.first_line + i, .offset = from};
      from += line.size() + 1;
      if (!is_wanted(line, origin, segment, block, reduced)) continue;
      keep(line);
      block.kept.push_back(origin);
      ++segment.lines;
    }
  }

  bool is_wanted(std::string_view line, const KeptLine& origin, const Segment& segment, Block& block, Buffer& reduced) {
    using Outcome = json::RecordLineReader::Outcome;
    std::size_t reduced_before = reduced.size();
    const bool is_watched = selection_.watch != nullptr && !selection_.watch->is_over();
    json::RecordLineReader& lines = is_watched ? watched_lines_ : lines_;
    switch (lines.read(line, reduced)) {
      case Outcome::kBlank:
        return false;
      case Outcome::kBad:
        events_.emit(event::RecordBad{
            .input = segment.input, .line = origin.number, .record = std::string(line), .reason = lines.reason()});
        return false;
      case Outcome::kRecord:
        break;
    }
    if (is_watched) selection_.watch->look(lines.captures(), {segment.input, origin.number}, line);
    if (json::all_hold(selection_.where, lines.captures(), scratch_)) return true;
    ++block.dropped;
    reduced.resize(reduced_before);
    return false;
  }

  const std::unique_ptr<BlockSource> inner_;
  const json::Selection& selection_;
  const json::Plan plan_;
  json::RecordLineReader lines_;
  const json::Plan watched_plan_;
  json::RecordLineReader watched_lines_;
  EventSink& events_;
  BufferPool& pool_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<BlockSource> make_selecting_source(std::unique_ptr<BlockSource> inner, const json::Selection& selection,
                                                   RecordKind kind, EventSink& events, BufferPool& pool) {
  return std::make_unique<Selecting>(std::move(inner), selection, kind, events, pool);
}

}  // namespace quern::select

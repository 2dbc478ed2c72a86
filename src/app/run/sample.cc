#include "app/run/sample.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace quern::app {
namespace {

// What a source reports about a record or the end of an input waits here until the sample is known to reach it.
class HeldEvents final : public EventSink {
 public:
  HeldEvents(EventSink& target, const RecordSample& sample) : target_(target), sample_(sample) {}

  // Called by the thread that reads.
  void emit(const event::Event& event) override {
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
      decoded_.insert(decoded->input);
    } else if (std::holds_alternative<event::RecordBad>(event) || std::holds_alternative<event::InputFailed>(event)) {
      held_.push_back(event);
    } else {
      target_.emit(event);
    }
  }

  // Passes on what comes before this line and is in the sample, but at most `most` bad records; returns how many these
  // were.
  std::uint64_t release_before(InputOrdinal input, std::uint64_t line, std::uint64_t most) {
    std::uint64_t bad = 0;
    while (!held_.empty() && bad < most) {
      const auto* record = std::get_if<event::RecordBad>(&held_.front());
      const auto* failed = std::get_if<event::InputFailed>(&held_.front());
      if (record != nullptr && std::tie(record->input, record->line) >= std::tie(input, line)) break;
      if (failed != nullptr && failed->input >= input) break;
      const bool is_wanted = record == nullptr || sample_.wants(record->input, record->line);
      if (record != nullptr && is_wanted) ++bad;
      if (is_wanted) target_.emit(held_.front());
      held_.pop_front();
    }
    return bad;
  }
  std::uint64_t release_all(std::uint64_t most) {
    return release_before(std::numeric_limits<InputOrdinal>::max(), std::numeric_limits<std::uint64_t>::max(), most);
  }
  const std::set<InputOrdinal>& decoded() const { return decoded_; }

 private:
  EventSink& target_;
  const RecordSample& sample_;
  std::deque<event::Event> held_;
  std::set<InputOrdinal> decoded_;
};

class SampledSource final : public BlockSource {
 public:
  SampledSource(const MakeBlocks& make, const InputRun& run, RecordSample& sample, bool blank_is_record,
                EventSink& events, std::stop_token stop)
      : run_(run),
        sample_(sample),
        blank_is_record_(blank_is_record),
        events_(events),
        stop_(std::move(stop)),
        held_(events, sample),
        inner_(make(held_)) {}

  Result<bool> next(Block& block) override {
    while (!is_over_ && !sample_.is_complete()) {
      if (segment_ == decoded_.segments.size()) TRY(read());
      const std::uint64_t most = sample_.most(stop_);
      if (stop_.stop_requested()) return stopped();
      if (most == 0) {
        if (is_exhausted_ || reaches_last_input()) break;
        segment_ = decoded_.segments.size();
        continue;
      }
      if (is_exhausted_) {
        end_inputs(most);
        break;
      }
      if (take(most, block)) return true;
    }
    finish();
    return false;
  }

 private:
  bool reaches_last_input() const { return decoded_.segments.back().input + 1 >= run_.first + run_.count; }

  Result<void> read() {
    decoded_.segments.clear();
    segment_ = at_ = 0;
    auto more = inner_->next(decoded_);
    if (!more.ok()) {
      held_.release_all(sample_.most(stop_));
      is_over_ = true;
      return std::move(more).error();
    }
    is_exhausted_ = !more.value();
    if (is_exhausted_) decoded_.segments.clear();
    if (!is_exhausted_) sample_.look_at(decoded_);
    return {};
  }

  // Takes lines of the decoded block, up to so many records. Returns whether there are any.
  bool take(std::uint64_t most, Block& block) {
    block.segments.clear();
    block.bytes.clear();
    block.made_from_bytes.reset();
    block.record_lines = decoded_.record_lines;
    std::uint64_t records = 0;
    std::uint64_t bad = 0;
    for (; segment_ < decoded_.segments.size() && records + bad < most; ++segment_) {
      Segment& rest = decoded_.segments[segment_];
      Segment part{.input = rest.input, .first_line = rest.first_line};
      while (rest.lines > 0 && records + bad < most) {
        bad += held_.release_before(rest.input, rest.first_line, most - records - bad);
        if (records + bad == most) break;
        const std::string_view line = take_line(rest);
        const std::uint64_t number = rest.first_line++;
        const bool is_blank = !blank_is_record_ && trimmed(line, " \t\r\n\v\f").empty();
        if (is_blank || !sample_.wants(rest.input, number)) {
          if (part.lines > 0) block.segments.push_back(part);
          part = {.input = rest.input, .first_line = rest.first_line};
          continue;
        }
        block.bytes.append(line);
        part.size_bytes += line.size();
        ++part.lines;
        ++records;
      }
      if (part.lines > 0 || rest.lines == 0) block.segments.push_back(part);
      if (rest.lines > 0) break;
    }
    if (block.bytes.empty()) {
      if (bad > 0) sample_.took(block, 0, bad);
      return false;
    }
    std::erase_if(block.segments, [&](const Segment& segment) { return segment.lines == 0; });
    for (const Segment& segment : block.segments) blocks_.try_emplace(segment.input, 0);
    block.address.input = block.segments.front().input;
    block.address.number = blocks_[block.address.input]++;
    sample_.took(block, records, bad);
    return true;
  }

  // Cuts the next line off the segment; it includes its line end.
  std::string_view take_line(Segment& segment) {
    const std::string_view left = decoded_.bytes.view().substr(at_);
    const std::string_view line = left.substr(0, left.find('\n') + 1);
    at_ += line.size();
    segment.size_bytes -= line.size();
    --segment.lines;
    return line;
  }

  void end_inputs(std::uint64_t most) {
    const std::uint64_t bad = held_.release_all(most);
    if (bad > 0) sample_.took(Block(), 0, bad);
    for (InputOrdinal input : held_.decoded()) blocks_.try_emplace(input, 0);
  }

  // The inputs of which something was handed out are done; so are those that ended before the sample did.
  void finish() {
    if (std::exchange(is_over_, true)) return;
    const InputOrdinal last = blocks_.empty() ? 0 : blocks_.rbegin()->first;
    for (InputOrdinal input : held_.decoded()) {
      if (!blocks_.empty() && input < last) blocks_.try_emplace(input, 0);
    }
    for (const auto& [input, blocks] : blocks_) {
      events_.emit(event::InputDecoded{.input = input, .blocks = blocks});
    }
  }

  const InputRun run_;
  RecordSample& sample_;
  const bool blank_is_record_;
  EventSink& events_;
  const std::stop_token stop_;
  HeldEvents held_;
  const std::unique_ptr<BlockSource> inner_;
  Block decoded_;
  std::size_t segment_ = 0;  // the first that is not taken; it has only what is left of it
  std::size_t at_ = 0;       // in the bytes
  bool is_exhausted_ = false;
  bool is_over_ = false;
  std::map<InputOrdinal, std::uint32_t> blocks_;  // how many were handed out of each input that was read
};

class SampledQueue final : public WorkQueue {
 public:
  SampledQueue(std::unique_ptr<WorkQueue> queue, const RecordSample& sample)
      : queue_(std::move(queue)), sample_(sample) {}

  std::optional<std::size_t> next(const std::stop_token& stop) override {
    while (!sample_.is_complete()) {
      if (arrived_.erase(due_) > 0) return due_++;
      const auto piece = queue_->next(stop);
      if (!piece.has_value()) break;
      arrived_.insert(*piece);
    }
    return std::nullopt;
  }

 private:
  const std::unique_ptr<WorkQueue> queue_;
  const RecordSample& sample_;
  std::set<std::size_t> arrived_;
  std::size_t due_ = 0;
};

}  // namespace

std::unique_ptr<BlockSource> make_sampled_source(const MakeBlocks& make, const InputRun& run, RecordSample& sample,
                                                 bool blank_is_record, EventSink& events, std::stop_token stop) {
  return std::make_unique<SampledSource>(make, run, sample, blank_is_record, events, std::move(stop));
}

std::unique_ptr<WorkQueue> make_sampled_queue(std::unique_ptr<WorkQueue> queue, const RecordSample& sample) {
  return std::make_unique<SampledQueue>(std::move(queue), sample);
}

}  // namespace quern::app

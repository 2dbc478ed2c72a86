#include "app/try/trial.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace quern::app {
namespace {

// If `where` drops so many records, the sample ends: whoever tries a job wants an answer soon.
constexpr std::uint64_t kMostDropped = 20'000;

// The number of the first line that has a record, and the record.
std::pair<std::uint64_t, std::string_view> first_record(const Block& block) {
  std::string_view rest = block.bytes.view();
  for (std::uint64_t line = block.segments.front().first_line;; ++line) {
    const std::string_view record = rest.substr(0, rest.find('\n'));
    if (record.size() + 1 >= rest.size() || !trimmed(record, " \t\r\v\f").empty()) return {line, record};
    rest.remove_prefix(record.size() + 1);
  }
}

}  // namespace

class Trial::Sink final : public BlockSink {
 public:
  Sink(Trial& trial, std::unique_ptr<BlockSink> inner) : trial_(trial), inner_(std::move(inner)) {}
  Result<void> commit(BlockOutput output) override {
    trial_.show_output(output);
    return inner_->commit(std::move(output));
  }

 private:
  Trial& trial_;
  const std::unique_ptr<BlockSink> inner_;
};

Trial::Trial(TrialOptions options, TrialText text, InputName input_name, Print print, EventSink& others)
    : options_(options),
      text_(std::move(text)),
      input_name_(std::move(input_name)),
      print_(std::move(print)),
      others_(others),
      random_(options.seed.value_or(0)) {}

std::uint64_t Trial::most(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (options_.one_by_one) done_.wait(lock, stop, [this] { return !is_in_work_; });
  if (options_.seed.has_value() && left_drawn_ == 0) return 0;
  const std::uint64_t left = options_.records - std::min(options_.records, seen_.records);
  return options_.one_by_one ? std::min<std::uint64_t>(left, 1) : left;
}

// Draws from the first block of each run of inputs, so that no input must be read to its end.
void Trial::look_at(const Block& decoded) {
  if (!options_.seed.has_value()) return;
  left_drawn_ = 0;
  for (const Segment& segment : decoded.segments) {
    if (!looked_at_.insert(segment.input).second || segment.lines == 0) continue;
    const std::uint64_t wanted = std::max<std::uint64_t>(1, options_.records / inputs_);
    for (std::uint64_t i = 0; i < wanted; ++i) {
      left_drawn_ += drawn_.emplace(segment.input, segment.first_line + random_() % segment.lines).second ? 1 : 0;
    }
  }
}

bool Trial::wants(InputOrdinal input, std::uint64_t line) const {
  if (options_.seed.has_value()) return drawn_.contains({input, line});
  return input > 0 || line >= options_.first_line;
}

void Trial::took(const Block& block, std::uint64_t records, std::uint64_t bad) {
  std::lock_guard lock(mutex_);
  seen_.records += bad;
  if (block.bytes.empty()) return;
  left_drawn_ -= std::min<std::size_t>(left_drawn_, 1);
  const auto [line, record] = first_record(block);
  current_ = Current{
      .input = block.segments.front().input, .line = line, .record = std::string(record), .is_record = records > 0};
  is_in_work_ = true;
  if (!options_.one_by_one) {
    seen_.records += records;
    if (!options_.shows_records) return;
    std::string_view rest = block.bytes.view();
    for (const Segment& segment : block.segments) {
      for (std::uint64_t i = 0; i < segment.lines; ++i) {
        const std::string_view text = rest.substr(0, rest.find('\n'));
        print_record(segment.input, segment.first_line + i, text);
        rest.remove_prefix(text.size() + 1);
      }
    }
    current_->is_shown = true;
  } else if (options_.shows_early) {
    show_record();
  }
}

bool Trial::is_complete() const {
  std::lock_guard lock(mutex_);
  return seen_.records >= options_.records || seen_.dropped >= kMostDropped || failure_.has_value();
}

void Trial::emit(const event::Event& event) {
  if (const auto* line = std::get_if<event::ModuleLine>(&event)) {
    std::lock_guard lock(mutex_);
    if (!options_.shows_records && !is_leaving_) return;
    if (line->role == event::Role::kMapper) show_record();
    print(text_.printed(*line));
  } else if (const auto* child = std::get_if<event::ChildChanged>(&event)) {
    std::lock_guard lock(mutex_);
    is_leaving_ |= child->state == event::ChildState::kLeaving;
  } else if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    show_bad(*bad);
  } else if (const auto* mapped = std::get_if<event::BlockMapped>(&event)) {
    record_done(*mapped);
  } else if (std::holds_alternative<event::Note>(event) || std::holds_alternative<event::InputFailed>(event) ||
             std::holds_alternative<event::GroupBad>(event) || std::holds_alternative<event::ChildDied>(event)) {
    others_.emit(event);
  }
}

std::unique_ptr<BlockSink> Trial::showing(std::unique_ptr<BlockSink> sink) {
  return std::make_unique<Sink>(*this, std::move(sink));
}

void Trial::show_output(const BlockOutput& output) {
  std::lock_guard lock(mutex_);
  if (!options_.shows_records) return;
  std::vector<std::string> gave;
  for (const Buffer& lines : output.lines) {
    std::vector<std::string> more = text_.split(lines.view());
    std::move(more.begin(), more.end(), std::back_inserter(gave));
  }
  if (options_.one_by_one && current_.has_value()) {
    current_->gave = std::move(gave);
  } else {
    print(text_.outcome(gave));
  }
}

void Trial::show_bad(const event::RecordBad& bad) {
  std::lock_guard lock(mutex_);
  ++seen_.bad;
  const bool is_current = is_in_work_ && current_->input == bad.input && current_->line == bad.line;
  if (is_current && options_.one_by_one) {
    current_->bad.push_back(bad);
    return;
  }
  print_record(bad.input, bad.line, bad.record);
  print(text_.bad(bad.reason, bad.details));
}

// The last event about the record.
void Trial::record_done(const event::BlockMapped& mapped) {
  std::lock_guard lock(mutex_);
  seen_.dropped += mapped.dropped;
  if (!options_.one_by_one || !current_.has_value()) return;
  current_->is_dropped |= mapped.dropped > 0;
  // Blank lines before the record may have been a unit of their own.
  if (!mapped.completes_block) return;
  if (current_->is_record && !current_->is_dropped) {
    ++seen_.records;
    if (options_.shows_records) {
      show_record();
      for (const event::RecordBad& bad : current_->bad) print(text_.bad(bad.reason, bad.details));
      if (current_->bad.empty()) print(text_.outcome(current_->gave));
    }
  }
  is_in_work_ = false;
  done_.notify_all();
}

Trial::Seen Trial::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

std::optional<Error> Trial::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Trial::show_record() {
  if (!current_.has_value() || std::exchange(current_->is_shown, true) || !options_.shows_records) return;
  print_record(current_->input, current_->line, current_->record);
}

void Trial::print_record(InputOrdinal input, std::uint64_t line, std::string_view record) {
  print(text_.record(input_name_(input), line, record));
}

void Trial::print(const std::string& text) {
  if (failure_.has_value()) return;
  if (auto printed = print_(text); !printed.ok()) failure_ = std::move(printed).error();
}

}  // namespace quern::app

#include "app/try/trial.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace quern::app {
namespace {

// The numbers of the lines of a segment that may be drawn; `bytes` are those of the segment.
std::vector<std::uint64_t> lines_to_draw_from(const Segment& segment, std::string_view bytes,
                                              const Trial::MayDraw& may_draw) {
  std::vector<std::uint64_t> lines;
  std::uint64_t number = segment.first_line;
  for (std::string_view line : lines_of(bytes)) {
    if (!trimmed(line, " \t\r\v\f").empty() && may_draw(line)) lines.push_back(number);
    ++number;
  }
  return lines;
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

// Draws from the first block of each input, so that no large one must be read to its end. If an input has too few lines
// to draw from, more are drawn from the others of its block and from later ones.
void Trial::look_at(const Block& decoded) {
  if (!options_.seed.has_value()) return;
  left_drawn_ = 0;
  std::vector<std::pair<InputOrdinal, std::vector<std::uint64_t>>> lines_of_inputs;
  std::string_view rest = decoded.bytes.view();
  for (const Segment& segment : decoded.segments) {
    const std::string_view bytes = rest.substr(0, segment.size_bytes);
    rest.remove_prefix(segment.size_bytes);
    if (!looked_at_.insert(segment.input).second) continue;
    std::vector<std::uint64_t> lines = lines_to_draw_from(segment, bytes, may_draw_);
    if (!lines.empty()) lines_of_inputs.emplace_back(segment.input, std::move(lines));
  }
  std::uint64_t inputs = inputs_ - std::min(inputs_, looked_at_.size()) + lines_of_inputs.size();
  for (const auto& [input, lines] : lines_of_inputs) {
    const std::uint64_t wanted = options_.records - std::min<std::uint64_t>(options_.records, drawn_.size());
    std::vector<std::uint64_t> drawn;
    std::sample(lines.begin(), lines.end(), std::back_inserter(drawn), (wanted + inputs - 1) / inputs, random_);
    for (std::uint64_t line : drawn) drawn_.emplace(input, line);
    left_drawn_ += drawn.size();
    --inputs;
  }
}

bool Trial::wants(InputOrdinal input, std::uint64_t line) const {
  if (options_.seed.has_value()) return drawn_.contains({input, line});
  return input > 0 || line >= options_.first_line;
}

void Trial::took(const Block& block, std::uint64_t records, std::uint64_t bad) {
  std::lock_guard lock(mutex_);
  seen_.records += bad;
  left_drawn_ -= std::min<std::size_t>(left_drawn_, records + bad);
  if (!options_.one_by_one) {
    taken_ += records;
    if (!options_.is_program) seen_.records += records;
  }
  if (block.bytes.empty() || !options_.one_by_one) return;
  std::string_view record = block.bytes.view();
  record.remove_suffix(1);
  const Segment& segment = block.segments.front();
  current_ = Current{.input = segment.input, .line = segment.first_line, .record = std::string(record)};
  is_in_work_ = true;
  if (options_.shows_early) show_record();
}

void Trial::fed(const Block& selected) {
  std::lock_guard lock(mutex_);
  const std::vector<std::string_view> records = lines_of(selected.bytes.view());
  std::size_t at = 0;
  for (const Segment& segment : selected.segments) {
    for (std::uint64_t i = 0; i < segment.lines; ++i, ++at) {
      const std::uint64_t line = selected.kept.empty() ? segment.first_line + i : selected.kept[at].number;
      print_record(segment.input, line, records[at]);
    }
  }
  seen_.records += at;
  seen_.dropped = taken_ - std::min(taken_, seen_.records - seen_.bad);
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
  if (!options_.one_by_one) return;
  seen_.dropped += mapped.dropped;
  if (!current_.has_value()) return;
  current_->is_dropped |= mapped.dropped > 0;
  if (!mapped.completes_block) return;
  if (!current_->is_dropped) {
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

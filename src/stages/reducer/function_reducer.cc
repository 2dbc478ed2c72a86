#include "stages/reducer/reducers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"
#include "model/limits.h"
#include "model/protocol.h"
#include "services/process/module_child.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"
#include "services/process/session.h"
#include "stages/reducer/combiner.h"
#include "stages/reducer/group_frames.h"

namespace quern::reducer {
namespace {

// How much output of a `function` reducer is held for one batch of groups until the batch is done. Beyond that it is
// passed on immediately, and then the batch cannot be sent to another child.
constexpr std::size_t kHeldReducedBytes = 64 * limits::kMiB;

using protocol::FrameType;
using State = process::Session::State;

// A failure of the child, in words; run() turns it into a cause block.
Error child_error(std::string how) { return Error{.kind = ErrorKind::kChildFailed, .message = std::move(how)}; }

// The sink after the last group.
class NoOutput final : public ReducedSink {
 public:
  Result<void> add(std::string_view /*key*/, std::string_view /*lines*/) override { return {}; }
};

// The child's answer to the first frame in flight. It counts once the frame is done.
struct HeldAnswer {
  Buffer output;                   // the payloads of its OUTPUT frames
  std::vector<std::size_t> sizes;  // of each OUTPUT frame
  std::uint64_t lines_bytes = 0;   // of lines that were passed on already
  std::vector<event::GroupBad> bad;
  std::vector<event::Counted> counted;
  // Too much was held, so some of it was passed on: the frame cannot be sent again.
  bool is_partly_taken = false;

  void clear() {
    output.clear();
    sizes.clear();
    lines_bytes = 0;
    bad.clear();
    counted.clear();
    is_partly_taken = false;
  }
};

class FunctionReducer final : public Reducer, public Combiner {
 public:
  FunctionReducer(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), child_(options_.of_child(), guard, events) {}

  Result<void> start() override;
  Result<void> wait_until_loaded(const std::stop_token& stop) override;
  Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override;
  Result<void> combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override;
  Result<void> finish() override;

 private:
  Result<void> start_child();
  // Opens the groups and skips those that are answered.
  Result<void> open_groups(const OpenGroups& open);
  Result<void> feed(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop);
  Result<void> fill();
  Result<bool> send_frame();
  void send(const GroupsFrame& frame);
  Result<void> step(ReducedSink& sink, const std::stop_token& stop);
  Result<void> handle_frames(ReducedSink& sink);
  Result<void> handle(const process::Frame& frame, ReducedSink& sink);
  Result<void> tell_progress(const process::Frame& frame);
  Result<void> handle_answer(const process::Frame& frame, ReducedSink& sink);
  Result<void> take_output(std::string_view payload, ReducedSink& sink);
  Result<void> take_over(ReducedSink& sink);
  Result<void> take_over_part(std::string_view payload, ReducedSink& sink);
  Result<void> take_bad(std::string_view payload);
  Result<void> take_done(std::string_view payload, ReducedSink& sink);
  Result<void> recover(const OpenGroups& open, const std::string& how);
  Result<void> leave(ReducedSink& sink, const std::stop_token& stop);
  Result<void> explained(Result<void> result);
  Error explain(const std::string& how);
  // How the child failed that made no progress.
  Error no_answer() const;
  bool is_combiner() const { return options_.role == event::Role::kCombiner; }
  bool may_recover() const { return !is_hopeless_ && !answer_.is_partly_taken && deaths_ + 1 < options_.attempts; }
  std::string when() const;
  std::string action() const;
  std::string advice(const std::string& how) const;
  void take_last_words(std::string_view details) {
    const std::vector<std::string_view> lines = lines_of(details);
    last_words_.assign(lines.begin(), lines.end());
  }

  const ReducerOptions options_;
  process::ModuleChildOptions module_;
  std::unique_ptr<GroupSource> groups_;
  std::optional<GroupsEncoder> encoder_;
  bool has_more_ = false;              // there are groups that are not sent yet
  std::uint64_t answered_groups_ = 0;  // of the groups that open_groups() returned
  std::deque<GroupsFrame> in_flight_;  // sent and not yet answered; declared before the child, which borrows them
  process::Session child_;
  std::vector<GroupsFrame> spare_;  // answered: their buffers are reused
  HeldAnswer answer_;
  GroupsOutput output_;
  std::size_t deaths_ = 0;                 // since a frame was last answered
  std::optional<std::uint64_t> starting_;  // the group of the first frame in flight that the child is working on
  std::vector<std::string> last_words_;    // the traceback of a FAILED frame
  bool has_work_ = false;                  // this child was ever sent work
  bool is_hopeless_ = false;               // another child would fail in the same way
};

Result<void> FunctionReducer::start() {
  const process::ModuleSetup setup{.role = name_of(options_.role),
                                   .separator = options_.separator,
                                   .output = options_.output,
                                   .values = options_.values,
                                   .typed = options_.typed,
                                   .timeout = options_.timeout};
  // In a hidden folder, where no link to an entry of the job's folder can be in the way.
  TRY_ASSIGN(module_, process::module_child_options(*options_.module, options_.job_folder,
                                                    options_.working_folder + "/.quern", setup, options_.stop));
  TRY(child_.link_job_folder());
  return start_child();
}

Result<void> FunctionReducer::start_child() {
  has_work_ = false;
  return child_.start_module(module_);
}

Result<void> FunctionReducer::wait_until_loaded(const std::stop_token& stop) {
  NoOutput none;
  while (child_.state() == State::kStarting) {
    Result<void> stepped = step(none, stop);
    if (stepped.ok()) continue;
    if (stepped.error().kind != ErrorKind::kChildFailed || !may_recover()) {
      stepped = explained(std::move(stepped));
      child_.bury();
      return stepped;
    }
    TRY(recover({}, stepped.error().message));
  }
  return {};
}

Result<void> FunctionReducer::run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) {
  CHECK(child_.has_child());
  child_.grant_time();
  Result<void> result = feed(open, sink, stop);
  if (result.ok()) result = leave(sink, stop);
  result = explained(std::move(result));
  child_.bury();
  return result;
}

Result<void> FunctionReducer::combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) {
  CHECK(child_.has_child() && is_combiner());
  child_.grant_time();
  return explained(feed(open, sink, stop));
}

Result<void> FunctionReducer::finish() {
  NoOutput none;
  Result<void> result = explained(leave(none, {}));
  child_.bury();
  return result;
}

Result<void> FunctionReducer::explained(Result<void> result) {
  if (result.ok() || result.error().kind != ErrorKind::kChildFailed) return result;
  return explain(result.error().message);
}

Result<void> FunctionReducer::open_groups(const OpenGroups& open) {
  encoder_.reset();
  groups_.reset();
  TRY_ASSIGN(groups_, open());
  for (std::uint64_t i = 0; i < answered_groups_; ++i) {
    TRY_ASSIGN(bool is_there, groups_->next_group());
    CHECK(is_there);
  }
  encoder_.emplace(*groups_, limits::kBlockBytes);
  has_more_ = true;
  return {};
}

Result<void> FunctionReducer::feed(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) {
  answered_groups_ = 0;
  TRY(open_groups(open));
  TRY(fill());
  while (!in_flight_.empty()) {
    Result<void> stepped = step(sink, stop);
    if (!stepped.ok()) {
      if (stepped.error().kind != ErrorKind::kChildFailed || !may_recover()) return stepped;
      TRY(recover(open, stepped.error().message));
    }
    TRY(fill());
  }
  return {};
}

Result<void> FunctionReducer::fill() {
  while (has_more_ && in_flight_.size() < limits::kFramesInFlight) {
    TRY_ASSIGN(has_more_, send_frame());
  }
  return {};
}

Result<bool> FunctionReducer::send_frame() {
  GroupsFrame frame;
  if (!spare_.empty()) {
    frame = std::move(spare_.back());
    spare_.pop_back();
  }
  TRY_ASSIGN(bool has_frame, encoder_->next(frame));
  if (!has_frame) return false;
  // If nothing is in flight, quern was working until now, not the child.
  if (in_flight_.empty()) child_.grant_time();
  in_flight_.push_back(std::move(frame));
  send(in_flight_.back());
  return true;
}

void FunctionReducer::send(const GroupsFrame& frame) {
  child_.send(frame.head.view());
  child_.send(frame.body.view());
  has_work_ = true;
}

// The child died, or must be killed: another one gets everything that is not answered. A group whose first values were
// in earlier frames, which are gone, starts again from its beginning.
Result<void> FunctionReducer::recover(const OpenGroups& open, const std::string& how) {
  ++deaths_;
  TRY(child_.end());
  child_.report_death(how, fmt::format("started another{} (attempt {} of {})",
                                       child_.is_ready() ? " and gave it again what was not answered" : "", deaths_ + 1,
                                       options_.attempts));
  child_.bury();
  answer_.clear();
  starting_.reset();
  bool begins_anew =
      in_flight_.empty() ? encoder_.has_value() && encoder_->is_in_group() : in_flight_.front().continues;
  if (begins_anew) {
    in_flight_.clear();
    TRY(open_groups(open));
  }
  TRY(start_child());
  for (GroupsFrame& frame : in_flight_) {
    frame.make_careful();
    send(frame);
  }
  return {};
}

Error FunctionReducer::no_answer() const {
  return child_error(fmt::format("it gave no answer for {} s ({}), and quern ended it", child_.allowed_seconds(),
                                 child_.is_ready() ? "limits.timeout" : "the time to load its module"));
}

Result<void> FunctionReducer::step(ReducedSink& sink, const std::stop_token& stop) {
  TRY_ASSIGN(auto seen, child_.step(-1, stop));
  TRY(handle_frames(sink));
  if (seen == process::Session::Seen::kExited) return child_error(child_.how());
  if (seen == process::Session::Seen::kTimedOut) return no_answer();
  return {};
}

Result<void> FunctionReducer::handle_frames(ReducedSink& sink) {
  while (true) {
    TRY_ASSIGN(std::optional<process::Frame> frame, child_.next_frame());
    if (!frame.has_value()) return {};
    TRY(handle(*frame, sink));
  }
}

Result<void> FunctionReducer::handle(const process::Frame& frame, ReducedSink& sink) {
  switch (frame.header.type) {
    case FrameType::kReady:
      return child_.take_ready(frame.payload, true);
    case FrameType::kFailed: {
      process::ModuleFailure failure = process::parse_failure(frame.payload);
      take_last_words(failure.details);
      is_hopeless_ = true;
      return child_error(std::move(failure.reason));
    }
    case FrameType::kFinished:
      if (!in_flight_.empty()) return child_error("it wrote FINISHED before it had answered everything");
      return child_.take_finished();
    case FrameType::kProgress:
      return tell_progress(frame);
    case FrameType::kCounters: {
      TRY_ASSIGN(auto counted, process::parse_counters(frame.payload));
      std::move(counted.begin(), counted.end(), std::back_inserter(answer_.counted));
      return {};
    }
    default:
      return handle_answer(frame, sink);
  }
}

Result<void> FunctionReducer::tell_progress(const process::Frame& frame) {
  TRY_ASSIGN(std::uint64_t groups, protocol::parse_progress(frame.payload));
  if (is_combiner() || in_flight_.empty() || in_flight_.front().id != frame.header.id) return {};
  child_.emit(event::BlockProgress{.role = options_.role, .child = options_.child, .records = groups});
  return {};
}

Result<void> FunctionReducer::handle_answer(const process::Frame& frame, ReducedSink& sink) {
  if (!child_.is_ready()) return child_error("it answered before it was ready");
  if (in_flight_.empty() || frame.header.id != in_flight_.front().id) {
    return child_error(
        fmt::format("it answered batch {}, which is not the one that it must answer now", frame.header.id));
  }
  switch (frame.header.type) {
    case FrameType::kOutput:
      return take_output(frame.payload, sink);
    case FrameType::kBad:
      return take_bad(frame.payload);
    case FrameType::kStarting: {
      TRY_ASSIGN(auto starting, protocol::parse_starting(frame.payload));
      if (starting.line >= in_flight_.front().keys.size()) return child_error("it started a group that is not there");
      starting_ = starting.line;
      return {};
    }
    case FrameType::kDone:
      return take_done(frame.payload, sink);
    default:
      return child_error(fmt::format("it wrote a frame of type {}, which no reducer writes",
                                     static_cast<std::uint32_t>(frame.header.type)));
  }
}

Result<void> FunctionReducer::take_output(std::string_view payload, ReducedSink& sink) {
  answer_.output.append(payload);
  answer_.sizes.push_back(payload.size());
  if (answer_.output.size() <= kHeldReducedBytes) return {};
  answer_.is_partly_taken = true;
  return take_over(sink);
}

// Passes on what the child has output so far for the first frame in flight.
Result<void> FunctionReducer::take_over(ReducedSink& sink) {
  std::string_view rest = answer_.output.view();
  for (std::size_t size : answer_.sizes) {
    TRY(take_over_part(rest.substr(0, size), sink));
    // From here on the frame cannot be sent again.
    answer_.is_partly_taken = true;
    rest.remove_prefix(size);
  }
  answer_.output.clear();
  answer_.sizes.clear();
  return {};
}

Result<void> FunctionReducer::take_over_part(std::string_view payload, ReducedSink& sink) {
  if (is_combiner()) return sink.add("", payload);
  const GroupsFrame& frame = in_flight_.front();
  TRY(parse_output(payload, frame.answered_groups(), output_));
  answer_.lines_bytes += output_.lines.size();
  for (std::size_t group = 0; group < output_.line_counts.size(); ++group) {
    if (output_.line_counts[group] == 0) continue;
    TRY_ASSIGN(std::string_view lines, take_lines(output_.lines, output_.line_counts[group]));
    answer_.is_partly_taken = true;
    TRY(sink.add(frame.key(group), lines));
  }
  if (!output_.lines.empty()) return child_error("it wrote an OUTPUT frame with more lines than it announced");
  return {};
}

Result<void> FunctionReducer::take_bad(std::string_view payload) {
  TRY_ASSIGN(protocol::BadRecord bad, protocol::parse_bad(payload));
  if (bad.line >= in_flight_.front().answered_groups())
    return child_error("it wrote a BAD frame about a group that is not there");
  if (is_combiner()) {
    // A bad group of a reducer is one line less; of a combiner, it would be values that are missing from a line.
    take_last_words(bad.details);
    is_hopeless_ = true;
    return child_error(fmt::format("it could not combine the values of {}: {}",
                                   in_quotes(in_flight_.front().key(bad.line)), bad.reason));
  }
  answer_.bad.push_back({.key = std::string(in_flight_.front().key(bad.line)),
                         .reason = std::move(bad.reason),
                         .details = std::move(bad.details)});
  if (!options_.would_end(answer_.bad.size())) return {};
  for (event::GroupBad& one : answer_.bad) child_.emit(std::move(one));
  return stopped();
}

Result<void> FunctionReducer::take_done(std::string_view payload, ReducedSink& sink) {
  TRY_ASSIGN(protocol::Done done, protocol::parse_done(payload));
  GroupsFrame& frame = in_flight_.front();
  if (done.records + done.bad + done.blank != frame.answered_groups()) {
    return child_error(fmt::format("it counted {} groups of a batch of {}", done.records + done.bad + done.blank,
                                   frame.answered_groups()));
  }
  std::size_t sent_later = in_flight_.size() > 1 ? in_flight_.back().size_bytes() : 0;
  if (child_.unsent_bytes() > sent_later) return child_error("it answered a batch that it had not read");
  TRY(take_over(sink));
  for (event::GroupBad& bad : answer_.bad) child_.emit(std::move(bad));
  for (event::Counted& counted : answer_.counted) child_.emit(std::move(counted));
  if (!is_combiner()) {
    child_.emit(event::GroupsReduced{
        .child = options_.child, .groups = done.records, .values = frame.values, .output_bytes = answer_.lines_bytes});
  }
  answered_groups_ += frame.answered_groups();
  answer_.clear();
  starting_.reset();
  deaths_ = 0;
  spare_.push_back(std::move(frame));
  in_flight_.pop_front();
  return {};
}

// Everything is answered: the child runs its teardown, reports it and exits.
Result<void> FunctionReducer::leave(ReducedSink& sink, const std::stop_token& stop) {
  using Left = process::Session::Left;
  TRY_ASSIGN(Left left, child_.leave([&] { return handle_frames(sink); }, stop));
  if (left == Left::kHung) return no_answer();
  const process::Exit exit = *child_.exit();
  if (left == Left::kDied) {
    // If there is no teardown to run, nothing is lost. A child that exits by itself has a reason, such as an uncaught
    // exception in code that nobody waited for.
    if (exit.signal == 0 || (has_work_ && child_.has_teardown())) return child_error(child_.how());
    child_.warn(fmt::format("{} {} after its last key; nothing is lost by that", child_.name(), exit.in_words()));
    return {};
  }
  for (event::Counted& counted : std::exchange(answer_.counted, {})) child_.emit(std::move(counted));
  if (!exit.killed_by_us && (exit.signal != 0 || exit.status != 0)) {
    child_.warn(fmt::format("{} had done everything, and then ended with {}", child_.name(), exit.in_words()));
  }
  return {};
}

Error FunctionReducer::explain(const std::string& how) {
  static_cast<void>(child_.end().ok());
  if (last_words_.empty()) last_words_ = child_.last_log_lines();
  return child_.give_up(
      {.where = when(), .how = how, .log_lines = last_words_, .action = action(), .advice = advice(how)});
}

std::string FunctionReducer::when() const {
  if (!child_.is_ready()) return "while it loaded its module";
  if (in_flight_.empty()) return "in its teardown(), after the last key";
  const GroupsFrame& frame = in_flight_.front();
  if (starting_.has_value()) return fmt::format("at the key {}", in_quotes(frame.key(*starting_)));
  return fmt::format("at one of the keys {} to {}", in_quotes(frame.key(0)),
                     in_quotes(frame.key(frame.keys.size() - 1)));
}

std::string FunctionReducer::action() const {
  if (is_hopeless_) return "gave up: another child would fail in the same way";
  if (child_.is_ready() && in_flight_.empty()) return "gave up: what teardown() was to do may be missing";
  if (answer_.is_partly_taken) return "ended the job: part of its output for these keys is in the result already";
  return fmt::format("started it {} times", deaths_ + 1);
}

std::string FunctionReducer::advice(const std::string& how) const {
  if (!child_.is_ready()) return process::load_advice(options_.job_folder, module_.interpreter, *options_.module, how);
  if (is_combiner() && is_hopeless_) return "fix the combiner; without one the result is the same";
  return fmt::format("print the key at the start of {}: what a module prints is shown",
                     is_combiner() ? "the combiner" : "reduce()");
}

}  // namespace

std::unique_ptr<Combiner> make_function_combiner(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<FunctionReducer>(std::move(options), guard, events);
}

std::unique_ptr<Reducer> make_function_reducer(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<FunctionReducer>(std::move(options), guard, events);
}

}  // namespace quern::reducer

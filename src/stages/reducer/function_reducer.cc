#include "stages/reducer/function_reducer.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "model/limits.h"
#include "model/protocol.h"
#include "services/process/interpreter.h"
#include "services/process/module_child.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"
#include "stages/reducer/child_report.h"
#include "stages/reducer/combiner.h"
#include "stages/reducer/group_frames.h"

namespace quern::reducer {
namespace {

using Clock = std::chrono::steady_clock;
using protocol::FrameType;

// A failure of the child's own, in words; run() makes the cause block of it.
Error child_error(std::string how) { return Error{.kind = ErrorKind::kChildFailed, .message = std::move(how)}; }

// "'word'", cut for people.
std::string shown_key(std::string_view key) {
  constexpr std::size_t kShownBytes = 80;
  return fmt::format("'{}{}'", key.substr(0, kShownBytes), key.size() > kShownBytes ? "..." : "");
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// For the time after the last group.
class NoOutput final : public ReducedSink {
 public:
  Result<void> add(std::string_view /*key*/, std::string_view /*lines*/) override { return {}; }
};

class FunctionReducer final : public Reducer, public Combiner {
 public:
  FunctionReducer(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), guard_(guard), report_(options_, events) {}

  Result<void> start() override;
  Result<void> run(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) override;
  Result<void> combine(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) override;
  Result<void> finish() override;

 private:
  Result<void> feed(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop);
  Result<bool> send_frame(GroupsEncoder& encoder);
  Result<void> step(ReducedSink& sink, const std::stop_token& stop);
  Result<void> handle_frames(ReducedSink& sink);
  Result<void> handle(const process::Frame& frame, ReducedSink& sink);
  Result<void> handle_answer(const process::Frame& frame, ReducedSink& sink);
  Result<void> take_output(std::string_view payload, ReducedSink& sink);
  Result<void> take_bad(std::string_view payload);
  Result<void> take_counters(std::string_view payload);
  Result<void> take_done(std::string_view payload);
  Result<void> leave(ReducedSink& sink, const std::stop_token& stop);
  Error explain(std::string how);
  std::chrono::milliseconds allowed() const;
  Result<void> explained(Result<void> result);
  bool is_combiner() const { return options_.role == event::Role::kCombiner; }
  std::string when() const;
  std::string advice() const;

  const ReducerOptions options_;
  process::Guard& guard_;
  ChildReport report_;
  std::string interpreter_;
  std::deque<GroupsFrame> in_flight_;  // sent and not yet answered; the child borrows them, so it stands behind them
  std::optional<process::ModuleChild> child_;
  std::vector<GroupsFrame> spare_;  // answered: their buffers are used again
  GroupsOutput output_;
  std::uint64_t output_bytes_ = 0;       // of the first frame in flight
  std::vector<std::string> last_words_;  // the traceback of a FAILED frame
  Clock::time_point last_progress_;
  bool is_ready_ = false;
  bool is_finished_ = false;
  bool has_exited_ = false;
};

Result<void> FunctionReducer::start() {
  const Module& module = *options_.module;
  TRY_ASSIGN(std::string script, process::module_script(module, options_.job_folder));
  TRY_ASSIGN(interpreter_, process::find_interpreter(module.language));
  // In a hidden folder, where no link to an entry of the job's folder stands in its way.
  std::string harness_folder = options_.working_folder + "/.quern";
  if (::mkdir(harness_folder.c_str(), 0700) != 0 && errno != EEXIST) return os_error(harness_folder, errno);
  TRY_ASSIGN(std::string harness, process::write_harness(module.language, harness_folder));
  TRY(prepare_working_folder(options_, report_));
  process::ModuleSetup setup{.role = name_of(options_.role),
                             .script = script,
                             .arguments = module.arguments,
                             .separator = options_.separator,
                             .values = options_.values,
                             .timeout = options_.timeout};
  TRY_ASSIGN(auto child, process::ModuleChild::start({.language = module.language,
                                                      .interpreter = interpreter_,
                                                      .harness = std::move(harness),
                                                      .setup_json = process::setup_json(setup),
                                                      .environment = environment_of(options_),
                                                      .working_folder = options_.working_folder},
                                                     guard_));
  child_.emplace(std::move(child));
  report_.change_state(event::ChildState::kStarting, child_->child().pid());
  return {};
}

Result<void> FunctionReducer::run(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  CHECK(child_.has_value());
  last_progress_ = Clock::now();
  Result<void> result = feed(groups, sink, stop);
  if (result.ok()) result = leave(sink, stop);
  result = explained(std::move(result));
  child_.reset();
  report_.change_state(event::ChildState::kGone, 0);
  return result;
}

Result<void> FunctionReducer::combine(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  CHECK(child_.has_value() && is_combiner());
  last_progress_ = Clock::now();
  return explained(feed(groups, sink, stop));
}

Result<void> FunctionReducer::finish() {
  NoOutput none;
  Result<void> result = explained(leave(none, {}));
  child_.reset();
  report_.change_state(event::ChildState::kGone, 0);
  return result;
}

Result<void> FunctionReducer::explained(Result<void> result) {
  if (result.ok() || result.error().kind != ErrorKind::kChildFailed) return result;
  return explain(result.error().message);
}

Result<void> FunctionReducer::feed(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  GroupsEncoder encoder(groups, limits::kBlockBytes);
  bool has_more = true;
  while (has_more || !in_flight_.empty()) {
    while (has_more && in_flight_.size() < limits::kBlocksInFlight) {
      TRY_ASSIGN(has_more, send_frame(encoder));
    }
    if (!in_flight_.empty()) TRY(step(sink, stop));
  }
  return {};
}

Result<bool> FunctionReducer::send_frame(GroupsEncoder& encoder) {
  GroupsFrame frame;
  if (!spare_.empty()) {
    frame = std::move(spare_.back());
    spare_.pop_back();
  }
  TRY_ASSIGN(bool has_frame, encoder.next(frame));
  if (!has_frame) return false;
  // Nothing in flight means that the time until now was ours, not the child's.
  if (in_flight_.empty()) last_progress_ = Clock::now();
  in_flight_.push_back(std::move(frame));
  child_->child().send(in_flight_.back().head.view());
  child_->child().send(in_flight_.back().body.view());
  return true;
}

std::chrono::milliseconds FunctionReducer::allowed() const {
  if (is_finished_) return limits::kLeaveTimeout;
  if (is_ready_) return options_.timeout;
  return std::min<std::chrono::milliseconds>(options_.timeout, limits::kSetupTimeout);
}

Result<void> FunctionReducer::step(ReducedSink& sink, const std::stop_token& stop) {
  TRY_ASSIGN(process::Activity seen, child_->wait(-1, last_progress_ + allowed(), stop));
  report_.emit_log(child_->child(), false);
  if (seen.stopped) return Error{.kind = ErrorKind::kStopped, .message = "stopped while reducing"};
  if (seen.output_bytes > 0 || seen.written_bytes > 0) last_progress_ = Clock::now();
  has_exited_ = seen.exited;
  TRY(handle_frames(sink));
  if (is_finished_) return {};
  if (has_exited_) {
    std::string how = child_->child().exit()->in_words();
    return child_error(child_->has_half_frame() ? how + ", in the middle of a frame" : how);
  }
  if (seen.timed_out) {
    return child_error(fmt::format("it gave no answer for {} s ({}), and quern ended it",
                                   std::chrono::duration<double>(allowed()).count(),
                                   is_ready_ ? "limits.timeout" : "the time to load its module"));
  }
  return {};
}

Result<void> FunctionReducer::handle_frames(ReducedSink& sink) {
  while (true) {
    TRY_ASSIGN(std::optional<process::Frame> frame, child_->next_frame());
    if (!frame.has_value()) return {};
    TRY(handle(*frame, sink));
  }
}

Result<void> FunctionReducer::handle(const process::Frame& frame, ReducedSink& sink) {
  switch (frame.header.type) {
    case FrameType::kReady:
      if (is_ready_) return child_error("it wrote a second READY frame");
      is_ready_ = true;
      report_.change_state(event::ChildState::kWorking, child_->child().pid());
      return {};
    case FrameType::kFailed: {
      process::ModuleFailure failure = process::parse_failure(frame.payload);
      last_words_ = lines_of(failure.details);
      return child_error(std::move(failure.reason));
    }
    case FrameType::kFinished:
      if (!in_flight_.empty()) return child_error("it wrote FINISHED before it had answered everything");
      is_finished_ = true;
      return {};
    case FrameType::kProgress:
      return {};
    case FrameType::kCounters:
      return take_counters(frame.payload);
    default:
      return handle_answer(frame, sink);
  }
}

Result<void> FunctionReducer::handle_answer(const process::Frame& frame, ReducedSink& sink) {
  if (!is_ready_) return child_error("it answered before it was ready");
  if (in_flight_.empty() || frame.header.id != in_flight_.front().id) {
    return child_error(
        fmt::format("it answered batch {}, which is not the one that it must answer now", frame.header.id));
  }
  switch (frame.header.type) {
    case FrameType::kOutput:
      return take_output(frame.payload, sink);
    case FrameType::kBad:
      return take_bad(frame.payload);
    case FrameType::kStarting:
      return {};
    case FrameType::kDone:
      return take_done(frame.payload);
    default:
      return child_error(fmt::format("it wrote a frame of type {}, which no reducer writes",
                                     static_cast<std::uint32_t>(frame.header.type)));
  }
}

Result<void> FunctionReducer::take_output(std::string_view payload, ReducedSink& sink) {
  if (is_combiner()) return sink.add("", payload);
  const GroupsFrame& frame = in_flight_.front();
  TRY(parse_output(payload, frame.answered_groups(), output_));
  output_bytes_ += output_.lines.size();
  for (std::size_t group = 0; group < output_.line_counts.size(); ++group) {
    if (output_.line_counts[group] == 0) continue;
    TRY_ASSIGN(std::string_view lines, take_lines(output_.lines, output_.line_counts[group]));
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
    // A reducer's bad group is one line less, a combiner's would be values that are missing from a line.
    last_words_ = lines_of(bad.details);
    return child_error(fmt::format("it could not combine the values of {}: {}",
                                   shown_key(in_flight_.front().key(bad.line)), bad.reason));
  }
  report_.emit(event::GroupBad{.key = std::string(in_flight_.front().key(bad.line)),
                               .reason = std::move(bad.reason),
                               .details = std::move(bad.details)});
  return {};
}

Result<void> FunctionReducer::take_counters(std::string_view payload) {
  TRY_ASSIGN(auto counters, process::parse_counters(payload));
  for (event::Counted& counted : counters) report_.emit(std::move(counted));
  return {};
}

Result<void> FunctionReducer::take_done(std::string_view payload) {
  TRY_ASSIGN(protocol::Done done, protocol::parse_done(payload));
  GroupsFrame& frame = in_flight_.front();
  if (done.records + done.bad + done.blank != frame.answered_groups()) {
    return child_error(fmt::format("it counted {} groups of a batch of {}", done.records + done.bad + done.blank,
                                   frame.answered_groups()));
  }
  std::size_t sent_later = in_flight_.size() > 1 ? in_flight_.back().size_bytes() : 0;
  if (child_->child().unsent_bytes() > sent_later) return child_error("it answered a batch that it had not read");
  if (!is_combiner()) {
    report_.emit(event::GroupsReduced{.child = options_.child,
                                      .groups = done.records,
                                      .values = frame.values,
                                      .output_bytes = std::exchange(output_bytes_, 0)});
  }
  spare_.push_back(std::move(frame));
  in_flight_.pop_front();
  return {};
}

// Everything is answered: the child runs its teardown, says so and leaves.
Result<void> FunctionReducer::leave(ReducedSink& sink, const std::stop_token& stop) {
  child_->send_end();
  report_.change_state(event::ChildState::kLeaving, child_->child().pid());
  last_progress_ = Clock::now();
  while (!is_finished_) TRY(step(sink, stop));
  while (!has_exited_ && Clock::now() < last_progress_ + allowed()) TRY(step(sink, stop));
  if (!has_exited_) {
    report_.warn(fmt::format("{} had done everything and did not leave within {} s; quern ended it", report_.name(),
                             limits::kLeaveTimeout.count()));
    TRY(end_child(child_->child()));
  } else if (child_->child().exit()->signal != 0 || child_->child().exit()->status != 0) {
    report_.warn(fmt::format("{} had done everything, and then ended with {}", report_.name(),
                             child_->child().exit()->in_words()));
  }
  report_.emit_log(child_->child(), false);
  return {};
}

Error FunctionReducer::explain(std::string how) {
  Result<std::string> end = end_child(child_->child());
  report_.emit_log(child_->child(), false);
  if (last_words_.empty()) last_words_ = child_->child().last_log_lines();
  return report_.died({.when = when(), .how = std::move(how), .log_lines = last_words_, .advice = advice()});
}

std::string FunctionReducer::when() const {
  if (!is_ready_) return "while it loaded its module";
  if (in_flight_.empty()) return "in its teardown(), after the last key";
  const GroupsFrame& frame = in_flight_.front();
  return fmt::format("at one of the keys {} to {}", shown_key(frame.key(0)),
                     shown_key(frame.key(frame.keys.size() - 1)));
}

std::string FunctionReducer::advice() const {
  if (is_ready_) return "print the key at the start of reduce(): what a module prints is shown";
  return fmt::format("load it by hand: cd {} && {} {}", options_.job_folder, interpreter_, options_.module->script);
}

}  // namespace

std::unique_ptr<Combiner> make_function_combiner(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<FunctionReducer>(std::move(options), guard, events);
}

std::unique_ptr<Reducer> make_function_reducer(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<FunctionReducer>(std::move(options), guard, events);
}

}  // namespace quern::reducer

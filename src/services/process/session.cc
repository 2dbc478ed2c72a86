#include "services/process/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/process/interpreter.h"
#include "services/process/log_lines.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"

namespace quern::process {
namespace {

using Clock = std::chrono::steady_clock;

event::ChildState shown_as(Session::State state) {
  using State = Session::State;
  switch (state) {
    case State::kGone:
      return event::ChildState::kGone;
    case State::kStarting:
    case State::kLoaded:
      return event::ChildState::kStarting;
    case State::kWaiting:
      return event::ChildState::kWaiting;
    case State::kWorking:
      return event::ChildState::kWorking;
    case State::kDismissed:
    case State::kLeaving:
    case State::kFinished:
      return event::ChildState::kLeaving;
  }
  return event::ChildState::kGone;
}

Error out_of_turn(std::string what) { return {.kind = ErrorKind::kChildFailed, .message = std::move(what)}; }

}  // namespace

Machine::Machine(Guard& guard) : start([&guard](const ChildOptions& child) { return Child::start(child, guard); }) {}

Session::Session(SessionOptions options, Machine machine, EventSink& events)
    : options_(std::move(options)), machine_(std::move(machine)), events_(events), last_progress_(machine_.now()) {}

Result<void> Session::link_job_folder() {
  TRY_ASSIGN(bool linked, process::link_job_folder(options_.job_folder, options_.working_folder));
  if (!linked) {
    warn(
        fmt::format("{} has more than {} entries, so the {}'s working folder has no links to them; "
                    "QUERN_JOB_FOLDER names the folder",
                    options_.job_folder, std::size_t{kMostJobLinks}, name_of(options_.role)));
  }
  return {};
}

Result<void> Session::start_module(ModuleChildOptions options) {
  options.environment = environment({});
  options.working_folder = options_.working_folder;
  TRY_ASSIGN(auto child, machine_.start(child_options(options)));
  begin(std::move(child), options.setup_json);
  enter(State::kStarting);
  return {};
}

Result<void> Session::start_program(std::vector<std::string> command,
                                    const std::vector<std::string>& more_environment) {
  TRY_ASSIGN(auto child, machine_.start({.command = std::move(command),
                                         .environment = environment(more_environment),
                                         .working_folder = options_.working_folder}));
  begin(std::move(child), "");
  return {};
}

std::vector<std::string> Session::environment(std::vector<std::string> more) const {
  more.push_back("QUERN_JOB_FOLDER=" + options_.job_folder);
  more.push_back(fmt::format("QUERN_ROLE={}", name_of(options_.role)));
  return child_environment(options_.module->environment, more);
}

void Session::begin(std::unique_ptr<Child> child, std::string_view setup_json) {
  CHECK(!child_.has_value());
  child_.emplace(std::move(child), setup_json);
  ready_ = {};
  refuses_input_ = false;
  why_ended_.clear();
  grant_time();
}

void Session::enter(State state) {
  state_ = state;
  if (shown_as(state) == shown_) return;
  shown_ = shown_as(state);
  int pid = child_.has_value() ? child_->child().pid() : 0;
  emit(event::ChildChanged{.role = options_.role, .child = options_.number, .state = shown_, .pid = pid});
}

std::chrono::milliseconds Session::allowed() const {
  const bool is_loading = state_ == State::kStarting || state_ == State::kLoaded || state_ == State::kDismissed;
  if (is_loading) return std::min<std::chrono::milliseconds>(options_.timeout, limits::kSetupTimeout);
  return state_ == State::kFinished ? limits::kLeaveTimeout : options_.timeout;
}

Clock::time_point Session::deadline() const {
  const bool may_wait = state_ == State::kWaiting || options_.module->attended == Attended::kDebugged;
  return may_wait ? Clock::time_point::max() : last_progress_ + allowed();
}

Result<Session::Seen> Session::step(int wake_fd, const std::stop_token& stop, std::size_t most_output_bytes) {
  TRY_ASSIGN(Activity seen, child_->wait(wake_fd, deadline(), stop, most_output_bytes));
  const bool has_reported = report_log();
  if (seen.stopped) return stopped();
  refuses_input_ |= seen.input_closed;
  if (seen.written_bytes > 0 || seen.output_bytes > 0 || has_reported) grant_time();
  if (seen.exited) return Seen::kExited;
  return seen.timed_out && machine_.now() >= deadline() ? Seen::kTimedOut : Seen::kSomething;
}

Result<std::optional<Frame>> Session::next_frame() {
  while (true) {
    TRY_ASSIGN(auto frame, child_->next_frame());
    if (!frame.has_value() || frame->header.type != protocol::FrameType::kLoaded) return frame;
    if (state_ == State::kStarting) enter(State::kLoaded);
  }
}

Result<void> Session::take_ready(std::string_view payload, bool has_work) {
  if (is_ready()) return out_of_turn("it wrote a second READY frame");
  ready_ = parse_ready(payload);
  enter(state_ == State::kDismissed ? State::kLeaving : has_work ? State::kWorking : State::kWaiting);
  grant_time();
  return {};
}

Result<void> Session::take_finished() {
  if (state_ != State::kLeaving) return out_of_turn("it wrote FINISHED before its input had ended");
  state_ = State::kFinished;
  return {};
}

Result<Session::Left> Session::leave(const std::function<Result<void>()>& handle_frames, const std::stop_token& stop) {
  child_->send_end();
  enter(is_ready() ? State::kLeaving : State::kDismissed);
  grant_time();
  Seen seen = Seen::kSomething;
  while (seen == Seen::kSomething) {
    TRY_ASSIGN(seen, step(-1, stop));
    TRY(handle_frames());
  }
  if (seen == Seen::kExited) return state_ == State::kFinished ? Left::kFinished : Left::kDied;
  if (state_ != State::kFinished) return Left::kHung;
  warn(fmt::format("{} had done everything and did not leave within {} s; quern ended it", name(),
                   limits::kLeaveTimeout.count()));
  TRY(end());
  return Left::kFinished;
}

Result<void> Session::end(std::string why) {
  if (!why.empty()) why_ended_ = std::move(why);
  if (!exit().has_value()) child_->child().kill();
  Buffer ignored;
  while (!exit().has_value()) {
    TRY(child_->child().wait(ignored, limits::kPipeBytes, -1, Clock::time_point::max(), {}));
    ignored.clear();
  }
  report_log();
  return {};
}

std::string Session::how() const {
  if (!why_ended_.empty()) return why_ended_;
  std::string words = exit()->in_words();
  const bool is_cut = options_.module->interface == Interface::kFunction && child_->has_half_frame();
  return is_cut ? words + ", in the middle of a frame" : words;
}

bool Session::is_success() const {
  const std::vector<int>& good = options_.module->ok_exit;
  const Exit ended = *exit();
  return why_ended_.empty() && ended.signal == 0 && std::find(good.begin(), good.end(), ended.status) != good.end();
}

void Session::bury() {
  if (has_child() && exit().has_value()) {
    emit(event::ChildEnded{.role = options_.role, .used = exit()->used});
  }
  child_.reset();
  enter(State::kGone);
}

bool Session::report_log() {
  const bool has_reporter_lines = options_.module->interface != Interface::kFunction;
  bool has_reported = false;
  for (std::string& line : child_->child().take_log_lines()) {
    event::Event event = has_reporter_lines ? event_of_log_line(options_.role, options_.number, std::move(line))
                                            : event::ModuleLine{options_.role, options_.number, std::move(line)};
    has_reported |= is_progress(event);
    emit(event);
  }
  return has_reported;
}

std::string Session::name() const {
  return fmt::format("{} {} ({})", name_of(options_.role), options_.number, options_.module->name());
}

void Session::report_death(std::string how, std::string action) {
  emit(event::ChildDied{
      .role = options_.role, .child = options_.number, .cause = std::move(how), .action = std::move(action)});
}

Error Session::failure(std::string_view message, Cause cause) const {
  cause.what = name();
  return Error{
      .kind = ErrorKind::kChildFailed, .message = fmt::format("{}{}", name(), message), .details = cause_block(cause)};
}

Error Session::give_up(Cause cause) {
  report_death(cause.how, cause.action);
  cause.where_label = "when";
  return failure(" failed: " + cause.how, cause);
}

}  // namespace quern::process

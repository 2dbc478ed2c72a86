#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/limits.h"
#include "services/process/cause.h"
#include "services/process/child.h"
#include "services/process/module_child.h"

namespace quern::process {

// Whose child it is. `module` is borrowed.
struct SessionOptions {
  event::Role role = event::Role::kMapper;
  std::size_t number = 0;  // of the child, for events and messages
  const Module* module = nullptr;
  std::string job_folder;               // absolute
  std::string working_folder;           // for this child alone; must exist when a child is started
  std::chrono::milliseconds timeout{};  // without progress
};

// What a session needs of the machine, so that tests can replace it.
struct Machine {
  Machine() = default;
  // Starts real children. Borrows the guard.
  Machine(Guard& guard);

  std::function<Result<std::unique_ptr<Child>>(const ChildOptions&)> start;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// One child after another for one worker, each from its start to its end: feeds it, reports its log and its state as
// events, enforces its time limit, and says how it ended. A `function` child speaks in frames, a program (`lines` or
// `files`) in bytes. What to send, and whether to start another child, is the worker's decision.
//
// Owns the child. Not thread-safe: one thread uses it at a time. Only step(), end() and leave() block.
class Session {
 public:
  // From kWaiting on, the child was ready. A state remains until the child is buried, even if it exits before.
  enum class State {
    kGone,       // there is no child
    kStarting,   // the interpreter starts, or loads the module
    kLoaded,     // the module is loaded, and its setup() runs
    kDismissed,  // its input ended before it was ready
    kWaiting,    // it has no work, and may take as long as it wants
    kWorking,    // it must make progress
    kLeaving,    // its input has ended: it runs its teardown() and exits
    kFinished,   // it has reported the end of its teardown(), and only has to exit
  };
  enum class Seen { kSomething, kExited, kTimedOut };
  enum class Left {
    kFinished,  // it has finished; a child that did not exit afterwards was ended, with a warning
    kDied,      // it exited before it had finished
    kHung,      // it made no progress and still runs
  };

  // Borrows the sink. `machine` is a guard, or what a test made.
  Session(SessionOptions options, Machine machine, EventSink& events);

  // Links the entries of the job's folder into the working folder, or warns that there are too many.
  Result<void> link_job_folder();
  // These start a child, with the module's environment and `more_environment`; the session must have none.
  Result<void> start_module(ModuleChildOptions options);
  Result<void> start_program(std::vector<std::string> command, const std::vector<std::string>& more_environment = {});

  bool has_child() const { return child_.has_value(); }
  State state() const { return state_; }
  // Whether the child was ready for work, even if it has ended since.
  bool is_ready() const { return state_ >= State::kWaiting; }
  // Sets the state, and reports it if it looks different to the user.
  void enter(State state);
  // Starts the time limit anew, because until now quern was working, not the child.
  void grant_time() { last_progress_ = machine_.now(); }
  // How long the child may make no progress in its state.
  std::chrono::milliseconds allowed() const;
  double allowed_seconds() const { return std::chrono::duration<double>(allowed()).count(); }

  // As in Child, which has the comments.
  void send(std::string_view bytes) { child_->child().send(bytes); }
  std::size_t unsent_bytes() const { return child_->child().unsent_bytes(); }
  void end_input() { child_->child().end_input(); }
  // Whether the child has closed its input before it had read everything, or has ended without reading it.
  bool refuses_input() const { return refuses_input_; }
  // What a program has written and the worker has not yet taken. Valid until there is no child.
  Buffer& output() { return child_->output(); }

  // Waits until something happens, and reports the log. kStopped if a stop was requested. After kTimedOut the child
  // still runs. `most_output_bytes` is about what is appended to the output.
  Result<Seen> step(int wake_fd, const std::stop_token& stop, std::size_t most_output_bytes = limits::kPipeBytes);
  // Returns the next frame of a `function` child that the worker must handle: any but LOADED. kChildFailed if the child
  // violated the protocol. READY and FINISHED must be passed to the functions below, which fail in the same way if the
  // child wrote them out of turn.
  Result<std::optional<Frame>> next_frame();
  Result<void> take_ready(std::string_view payload, bool has_work);
  Result<void> take_finished();
  bool has_teardown() const { return ready_.has_teardown; }
  // Whether it is ready, and reads packed records.
  bool reads_packed() const { return is_ready() && ready_.reads_packed; }

  // Ends the input of a `function` child and waits for its end; calls `handle_frames` after each step and returns its
  // first error.
  Result<Left> leave(const std::function<Result<void>()>& handle_frames, const std::stop_token& stop);
  // Kills the child unless it has exited, and reads the rest of its log. `why`, if it is not "", is how it ended.
  Result<void> end(std::string why = "");
  // Has a value once the child has exited.
  std::optional<Exit> exit() const { return child_->child().exit(); }
  // Whether end() was called with a reason.
  bool was_ended() const { return !why_ended_.empty(); }
  // After the exit: how the child ended, in words.
  std::string how() const;
  // Whether the child was not ended by quern, and its exit status is one that the module calls good.
  bool is_success() const;
  std::vector<std::string> last_log_lines() const { return child_->child().last_log_lines(); }
  // Forgets the child, after ending it as its destructor does, and reports that it is gone.
  void bury();

  const std::string& working_folder() const { return options_.working_folder; }
  // "mapper 2 (mapper.py)"
  std::string name() const;
  void emit(const event::Event& event) { events_.emit(event); }
  void warn(std::string text) { emit(event::Note{event::Level::kWarning, std::move(text)}); }
  // Reports that the child died, and how quern reacts.
  void report_death(std::string how, std::string action);
  // Returns the error that the child failed: its name and `message` in one line, and the cause block in its details.
  Error failure(std::string_view message, Cause cause) const;
  // Reports that the child died for good, and returns the error. `cause.where` is when.
  Error give_up(Cause cause);

 private:
  std::vector<std::string> environment(std::vector<std::string> more) const;
  void begin(std::unique_ptr<Child> child, std::string_view setup_json);
  std::chrono::steady_clock::time_point deadline() const;
  // Returns whether a line of the log was a sign of progress.
  bool report_log();

  const SessionOptions options_;
  const Machine machine_;
  EventSink& events_;
  std::optional<ModuleChild> child_;
  State state_ = State::kGone;
  event::ChildState shown_ = event::ChildState::kGone;
  std::chrono::steady_clock::time_point last_progress_;
  ModuleReady ready_;
  bool refuses_input_ = false;
  std::string why_ended_;  // why quern ended the child, or ""
};

}  // namespace quern::process

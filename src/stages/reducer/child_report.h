#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "services/process/child.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// What every kind of reducer reports about its child. Used by the reducer's thread.
class ChildReport {
 public:
  ChildReport(const ReducerOptions& options, EventSink& events) : options_(options), events_(events) {}

  // "reducer 1 (reducer.py)"
  std::string name() const;
  void emit(const event::Event& event) { events_.emit(event); }
  void change_state(event::ChildState state, int pid);
  void warn(std::string text) { events_.emit(event::Note{event::Level::kWarning, std::move(text)}); }
  // Emits the child's log lines since the last call, each as the event that it means. `function` children have no
  // reporter lines. Returns whether one was a sign of progress.
  bool emit_log(process::Child& child, bool has_reporter_lines);

  // Why the job cannot continue. Emits an event and returns the error with its cause block.
  struct Failure {
    std::string when;                    // "at the key 'x'", or ""
    std::string how;                     // in one line
    std::vector<std::string> log_lines;  // the module's own output
    std::string action;
    std::string advice;
  };
  Error died(const Failure& failure);

 private:
  const ReducerOptions& options_;
  EventSink& events_;
  event::ChildState state_ = event::ChildState::kGone;
};

// Links the entries of the job folder into the working folder, or reports that there are too many.
Result<void> prepare_working_folder(const ReducerOptions& options, ChildReport& report);

// Returns the environment of a reducer's child.
std::vector<std::string> environment_of(const ReducerOptions& options);

// Kills the child if it is still running, waits for its end, and returns how it ended, in words.
Result<std::string> end_child(process::Child& child);

}  // namespace quern::reducer

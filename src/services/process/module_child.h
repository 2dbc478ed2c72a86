#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/protocol.h"
#include "services/process/child.h"
#include "services/process/module_messages.h"

namespace quern::process {

struct ModuleChildOptions {
  Language language = Language::kPython;  // kPython or kJavascript
  std::string interpreter;                // from interpreter_of
  std::string harness;                    // path of the script to start, from write_harness
  std::string setup_json;                 // payload of the SETUP frame
  bool has_terminal = false;              // as in ChildOptions
  std::vector<std::string> environment;
  std::string working_folder;
};

// Writes the harness for the language, which is embedded in the program, to `folder`; returns the path of the script to
// start.
Result<std::string> write_harness(Language language, const std::string& folder);

// Finds the module's script and interpreter, and writes the harness to `harness_folder`, which is created unless it is
// there. The environment and the working folder are left to the caller.
Result<ModuleChildOptions> module_child_options(const Module& module, const std::string& job_folder,
                                                const std::string& harness_folder, const ModuleSetup& setup,
                                                const std::stop_token& stop);

struct Frame {
  protocol::FrameHeader header;
  std::string_view payload;  // valid until the next call of next_frame() or wait()
};

// How such a child is started.
ChildOptions child_options(const ModuleChildOptions& options);

// A child with its output. A `function` child uses frames: SETUP is sent at the start; READY and FAILED arrive as
// frames like any other. The output of a program is just bytes. Not thread-safe.
class ModuleChild {
 public:
  static Result<ModuleChild> start(const ModuleChildOptions& options, Guard& guard);
  // `setup_json` is "" for a program.
  ModuleChild(std::unique_ptr<Child> child, std::string_view setup_json);

  Child& child() { return *child_; }
  const Child& child() const { return *child_; }
  // Queues END and then the end of the input.
  void send_end();
  // Like Child::wait, but keeps the output internally.
  Result<Activity> wait(int wake_fd, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
                        std::size_t most_output_bytes = limits::kPipeBytes);
  // The output of a program, from which its user takes what it wants.
  Buffer& output() { return output_; }
  // Returns the next complete frame that has arrived, or nullopt if more bytes are needed. kChildFailed if the child
  // violated the protocol.
  Result<std::optional<Frame>> next_frame();
  // Whether part of a frame is left; an error once the output has ended.
  bool has_half_frame() const { return output_.size() > taken_bytes_; }

 private:
  std::unique_ptr<Child> child_;
  Buffer setup_;  // the SETUP frame; child_ borrows it until it is written
  Buffer end_;
  Buffer output_;
  std::size_t taken_bytes_ = 0;
};

class Guard;

// Why a module cannot be loaded: reported as kChildFailed, with a cause block as details.
struct LoadFailure {
  std::string what;  // "reducer 1 (reducer.py)"
  std::string how;   // one line
  std::string details;
  std::vector<std::string> log_lines = {};  // its last log lines
  std::string interpreter;
};
Error load_error(const LoadFailure& failure, const Module& module, const std::string& job_folder);

struct ModuleLoadOptions {
  const Module& module;  // in Python or JavaScript; outlives the loader
  std::string role;      // mapper, combiner or reducer; "program" for the script of a `lines` or `files` child
  std::string job_folder;
  std::string working_folder;                                 // created if it does not exist
  std::size_t attempts = 1;                                   // how many children may die
  std::chrono::milliseconds timeout = limits::kSetupTimeout;  // for loading; at most this default
};

// A child that loads a module, checks that the function for its role exists, and exits. It does not call the module's
// setup(), and its log is not shown, because a child that works with the module prints the same. For a program it
// checks only the syntax. Not thread-safe.
class ModuleLoader {
 public:
  // Starts the child and returns immediately, because the interpreter takes a while.
  static Result<ModuleLoader> start(ModuleLoadOptions options, Guard& guard, const std::stop_token& stop);
  // Blocks until the module is loaded; returns an error if it cannot be loaded.
  Result<void> wait(const std::stop_token& stop);

 private:
  ModuleLoader(ModuleLoadOptions options, Guard& guard) : options_(std::move(options)), guard_(&guard) {}
  Result<void> prepare(const std::stop_token& stop);
  Result<void> start_child();
  // Whether the module is loaded.
  Result<bool> look_at_frames();
  Error failed(const ModuleFailure& failure);

  ModuleLoadOptions options_;
  Guard* guard_;
  ModuleChildOptions child_options_;
  std::optional<ModuleChild> child_;
  std::optional<ModuleFailure> failure_;
  std::size_t deaths_ = 0;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace quern::process

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"
#include "services/process/module_child.h"
#include "services/process/module_messages.h"

namespace quern::process {

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

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "services/process/module_child.h"
#include "services/process/module_messages.h"

namespace quern::process {

class Guard;

// Why a module cannot be loaded: kChildFailed, with a cause block as details.
struct LoadFailure {
  std::string what;  // "reducer 1 (reducer.py)"
  std::string how;   // one line
  std::string details;
  std::vector<std::string> log_lines = {};  // its last words
  std::string interpreter;
};
Error load_error(const LoadFailure& failure, const Module& module, const std::string& job_folder);

struct ModuleLoadOptions {
  const Module& module;  // of Python or JavaScript; outlives the loader
  std::string role;      // mapper, combiner or reducer; "program" for the script of a `lines` or `files` child
  std::string job_folder;
  std::string working_folder;  // is made
  std::size_t attempts = 1;    // children that may die
};

// A child that loads a module, sees that the function of its role is there, and leaves: without the module's setup(),
// and what it prints is not shown, as a child that works with the module does and prints the same. Of a program it
// looks at the syntax only. Owned by one thread.
class ModuleLoader {
 public:
  // Returns at once: the interpreter takes its time.
  static Result<ModuleLoader> start(ModuleLoadOptions options, Guard& guard);
  // Blocks until the module is loaded; an error if it cannot be.
  Result<void> wait(const std::stop_token& stop);

 private:
  ModuleLoader(ModuleLoadOptions options, Guard& guard) : options_(std::move(options)), guard_(&guard) {}
  Result<void> prepare();
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

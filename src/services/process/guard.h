#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace quern::process {

// A small process that runs alongside quern and outlives it. When quern has ended for any reason, the guard kills every
// process group that is still registered, and every process that has this run's marker in its environment (a daemon
// that left its group). Thread-safe.
class Guard {
 public:
  // Starts `quern guard` from the same program file (/proc/self/exe).
  static Result<std::unique_ptr<Guard>> start();
  virtual ~Guard() = default;  // tells the guard to finish, and waits until it has killed what was left

  virtual void add_group(int process_group) = 0;
  virtual void remove_group(int process_group) = 0;
  // "QUERN_RUN=<random>", which must be in every child's environment.
  virtual const std::string& marker() const = 0;
};

// The hidden command `quern guard`: reads the pipe on its standard input until quern has ended, then cleans up.
int run_guard(const std::string& marker);

}  // namespace quern::process

#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace quern::process {

// A tiny process beside quern that outlives it: when quern is gone, however it ended, the guard kills every process
// group that is still registered, and every process that carries this run's marker in its environment (a daemon that
// left its group). Any thread may call.
class Guard {
 public:
  // Starts `quern guard` (this very program, /proc/self/exe).
  static Result<std::unique_ptr<Guard>> start();
  virtual ~Guard() = default;  // tells the guard to finish, and waits until it has killed what was left

  virtual void add_group(int process_group) = 0;
  virtual void remove_group(int process_group) = 0;
  // "QUERN_RUN=<random>": to be in every child's environment.
  virtual const std::string& marker() const = 0;
};

// The body of the hidden command `quern guard`: reads the pipe on its standard input until quern is gone.
int run_guard(const std::string& marker);

}  // namespace quern::process

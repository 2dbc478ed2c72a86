#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern run`: prints the accounting, and the cause of a failure, to standard error. Returns the exit status. Must be
// called before any other thread runs, because it blocks signals.
int run_command(const CommandLine& line);

// `quern check`: prints the job as quern understands it to standard output. Returns the exit status.
int check_command(const CommandLine& line);

}  // namespace quern::app

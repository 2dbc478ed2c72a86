#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern run`: the exit status. Prints the accounting, and a failure's cause, to standard error. Call it before any
// other thread runs, because it blocks signals.
int run_command(const CommandLine& line);

// `quern check`: prints the job as understood to standard output.
int check_command(const CommandLine& line);

}  // namespace quern::app

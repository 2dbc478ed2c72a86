#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern credentials keygen`, `seal`, `open` and `federate`: does what the line says, prints the answer on standard
// output and what went wrong on standard error, and returns the exit status. No core dump is written while it runs.
int credentials_command(const CommandLine& line);

}  // namespace quern::app

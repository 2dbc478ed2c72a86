#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern credentials keygen`, `seal`, `open` and `federate`. Prints the answer on standard output and errors on
// standard error. Returns the exit status. While it runs, no core dump can be written.
int credentials_command(const CommandLine& line);

}  // namespace quern::app

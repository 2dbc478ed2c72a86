#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern init`: writes a job to begin with, all of its files or none, says on standard output what is there and what to
// do next, or on standard error what went wrong, and returns the exit status.
int init_command(const CommandLine& line);

}  // namespace quern::app

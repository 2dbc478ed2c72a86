#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern plan`: prints the tasks of a job to standard output and a summary to standard error. Returns the exit status.
int plan_command(const CommandLine& line);

}  // namespace quern::app

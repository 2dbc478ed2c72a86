#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern submit`: plans a job's tasks, creates them, watches them and fetches the result; the last two can be left out.
// Returns the exit status: that of the job, if it was watched.
int submit_command(const CommandLine& line);

}  // namespace quern::app

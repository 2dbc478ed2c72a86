#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern fetch`: fetches the result of a completed job. Returns the exit status, which is that of the job.
int fetch_command(const CommandLine& line);

}  // namespace quern::app

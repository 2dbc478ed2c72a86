#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern fetch`: brings the result of a job that has completed here; the exit status is that of the job.
int fetch_command(const CommandLine& line);

}  // namespace quern::app

#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern doctor`: prints its findings to standard output and returns the exit status.
int doctor_command(const CommandLine& line);

}  // namespace quern::app

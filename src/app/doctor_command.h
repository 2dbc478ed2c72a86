#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern doctor`: the exit status. Prints what it finds to standard output.
int doctor_command(const CommandLine& line);

}  // namespace quern::app

#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern init`: writes a first job, either all of its files or none. Prints on standard output what it wrote and what
// to do next, or an error on standard error. Returns the exit status.
int init_command(const CommandLine& line);

}  // namespace quern::app

#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern cancel`: cancels all tasks of a group that have not ended, and seals the group so that no other can be added.
// Returns the exit status.
int cancel_command(const CommandLine& line);

}  // namespace quern::app

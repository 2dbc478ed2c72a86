#pragma once

#include "app/cli/command_line.h"

namespace quern::app {

// `quern cancel`: ends all tasks of a group that have not ended, and lets no other be added. The exit status.
int cancel_command(const CommandLine& line);

}  // namespace quern::app

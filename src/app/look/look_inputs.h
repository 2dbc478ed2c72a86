#pragma once

#include "app/cli/command_line.h"
#include "app/look/look.h"
#include "base/result.h"

namespace quern::app {

// Lists the inputs that the command line names and reads a sample of them. Of remote inputs, it fetches a few of
// moderate size to a scratch folder. Prints what is worth knowing about the list on standard error. Inputs that cannot
// be read are in the result; fails if nothing can be listed or fetched. Blocks on the disk and the network.
Result<Look> look_at_inputs(const CommandLine& line, std::uint64_t most_records);

}  // namespace quern::app

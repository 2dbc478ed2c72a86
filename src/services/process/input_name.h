#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/process/process_limits.h"

// How a `lines` or `files` child learns the name of its input: by QUERN_INPUT_FILE, and by the variable of Hadoop
// Streaming.

namespace quern::process {

// The variables, "NAME=value", of a child with this one input.
std::vector<std::string> input_variables(std::string_view name);

// Whether the command asks for the name: one of its words, or a file that one of them names (relative to the job's
// folder), has the name of such a variable in it, also as Hadoop's setting. command[0] is looked at, too. Reads
// files, of each at most limits::kSearchedScriptBytes.
bool asks_for_input_name(const std::vector<std::string>& command, const std::string& job_folder);

}  // namespace quern::process

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"

// How a `lines` or `files` child learns the name of its input: from QUERN_INPUT_FILE and from Hadoop Streaming's
// variable.

namespace quern::limits {

// How much of a script is searched for the names of variables.
inline constexpr std::size_t kSearchedScriptBytes = 16 * kMiB;

}  // namespace quern::limits

namespace quern::process {

// Returns the variables, "NAME=value", for a child with this single input.
std::vector<std::string> input_variables(std::string_view name);

// Whether the command uses the name: one of its words, or a file that one of them names (relative to the job's folder),
// contains the name of such a variable, possibly as Hadoop's setting. Also checks command[0]. Reads at most
// limits::kSearchedScriptBytes of each file.
bool asks_for_input_name(const std::vector<std::string>& command, const std::string& job_folder);

}  // namespace quern::process

#pragma once

#include <span>
#include <string>

#include "model/finding.h"

namespace quern::view {

// An array with an object for each finding, one a line: [{"state": "missing", "what", "found", "fix"}, ...], and '\n'.
std::string findings_json(std::span<const Finding> findings);

}  // namespace quern::view

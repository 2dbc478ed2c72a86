#pragma once

#include <span>
#include <string>

#include "model/finding.h"

namespace quern::view {

// Returns an array with one object per line for each finding: [{"state": "missing", "what", "found", "fix"}, ...], and
// '\n'.
std::string findings_json(std::span<const Finding> findings);

}  // namespace quern::view

#pragma once

#include <string>
#include <vector>

#include "model/accounting.h"

namespace quern {

// Returns warnings about the figures of a run that its owner may not expect, one line each: paths that no record has,
// keys whose values were compared as text, an empty result and its reason. Pure.
std::vector<std::string> warnings_of(const Accounting& accounting);

}  // namespace quern

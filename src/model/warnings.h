#pragma once

#include <string>
#include <vector>

#include "model/accounting.h"

namespace quern {

// What the figures of a run say that its owner may not have meant, a line each: paths that no record has, keys whose
// values were compared as text, a result that is empty, and why. Pure.
std::vector<std::string> warnings_of(const Accounting& accounting);

}  // namespace quern

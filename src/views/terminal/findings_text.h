#pragma once

#include <string>

#include "model/finding.h"

namespace quern::view {

// Returns one line with its '\n': "missing  node: not on PATH  -> apt-get install nodejs".
std::string finding_text(const Finding& finding, bool color);

}  // namespace quern::view

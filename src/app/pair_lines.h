#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/groups.h"
#include "stages/output/output.h"

namespace quern::app {

// Writes groups as lines "key<separator>value", one for each value. Blocks.
Result<void> write_pairs(GroupSource& groups, const std::string& separator, output::ResultTarget& target,
                         const std::stop_token& stop);

}  // namespace quern::app

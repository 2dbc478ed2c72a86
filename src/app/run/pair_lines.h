#pragma once

#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "model/groups.h"
#include "stages/output/output.h"

namespace quern::app {

// Writes each value of the groups as a pair; as text if `between` is a separator (model/pair.h). Blocks.
Result<void> write_pairs(GroupSource& groups, std::string_view between, output::ResultTarget& target,
                         const std::stop_token& stop);

}  // namespace quern::app

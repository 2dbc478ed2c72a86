#pragma once

#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "model/groups.h"
#include "stages/output/output.h"

namespace quern::app {

// Writes groups as pairs, one for each value; as text where `between` is a separator (model/pair.h). Blocks.
Result<void> write_pairs(GroupSource& groups, std::string_view between, output::ResultTarget& target,
                         const std::stop_token& stop);

}  // namespace quern::app

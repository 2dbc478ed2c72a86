#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "model/groups.h"
#include "stages/shuffle/grouping.h"

namespace quern::shuffle {

// One partition of several tables that lie in memory, each grouped by itself, as one: equal keys are one group, whose
// values come from one table after the other. Borrows them; there is at least one.
std::unique_ptr<GroupSource> make_merged_tables(const std::vector<const Grouped*>& tables, std::string_view separator,
                                                std::size_t partition);

}  // namespace quern::shuffle

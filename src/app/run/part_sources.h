#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/run/run.h"
#include "base/result.h"
#include "base/stream.h"
#include "model/aggregated_groups.h"
#include "model/groups.h"
#include "stages/output/output.h"
#include "stages/shuffle/text_merge.h"

// The inputs of reduce, merge and collect tasks: the possibly compressed output of other tasks of the job.

namespace quern::app {

// Writes the inputs [first, first + count) to `target`, one after another and unchanged. Blocks.
Result<void> concatenate_parts(const Run& run, std::size_t first, std::size_t count, ByteSink& target);

// Returns the pairs of these inputs, grouped. With a built-in combiner or reducer, each key has the aggregate of its
// values, in the form of `to`. Otherwise values stay in the order of the inputs.
Result<std::unique_ptr<GroupSource>> merged_parts(const Run& run, std::size_t first, std::size_t count,
                                                  AggregatedTo to);

// Writes each value of the groups as a pair; as text if `between` is a separator (model/pair.h). Blocks.
Result<void> write_pairs(GroupSource& groups, std::string_view between, output::ResultTarget& target,
                         const std::stop_token& stop);

}  // namespace quern::app

#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

// Returns the groups of one partition of these runs, which it borrows. Not thread-safe; blocks on the disk.
std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::stop_token& stop);

// Merges the segments of all partitions of these runs into one new run.
Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options);

}  // namespace quern::shuffle

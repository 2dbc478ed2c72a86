#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

// The groups of one partition of these runs, without what dropped inputs gave. Borrows the runs and the inputs. Owned
// by one thread; blocks on the disk.
std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::set<InputOrdinal>& dropped, const std::stop_token& stop);

// Writes the segments of all partitions of these runs as one run.
Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options,
                           const std::set<InputOrdinal>& dropped);

}  // namespace quern::shuffle

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

// Returns the groups of one partition of these runs, without the output of dropped inputs. Borrows the runs and the
// inputs. Not thread-safe; blocks on the disk.
std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::set<InputOrdinal>& dropped, const std::stop_token& stop);

// Merges the segments of all partitions of these runs into one new run.
Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options,
                           const std::set<InputOrdinal>& dropped);

}  // namespace quern::shuffle

#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/loser_tree.h"
#include "base/result.h"
#include "model/groups.h"
#include "stages/shuffle/run_cursor.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

// The segments of one partition of several runs, in the order of keys and addresses, without those of dropped inputs.
// Borrows the runs and the inputs. Owned by one thread; blocks on the disk.
class SegmentMerge {
 public:
  SegmentMerge(const std::vector<const RunFile*>& runs, std::size_t partition, const std::set<InputOrdinal>& dropped,
               std::stop_token stop);
  // Goes to the next segment; nullptr at the end. What it returns is valid until the next call.
  Result<RunCursor*> next();

 private:
  struct IsBefore {
    const std::deque<RunCursor>* cursors;
    bool operator()(std::size_t left, std::size_t right) const;
  };

  BlockUnpacker unpacker_;
  std::deque<RunCursor> cursors_;
  std::optional<LoserTree<IsBefore>> tree_;  // none before the first call of next()
};

// The groups of one partition, merged from these runs.
std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::set<InputOrdinal>& dropped, std::stop_token stop);

// Writes the segments of all partitions of these runs as one run.
Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options,
                           const std::set<InputOrdinal>& dropped);

}  // namespace quern::shuffle

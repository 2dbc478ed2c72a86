#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/pair_buffer.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

struct RunStoreOptions {
  std::string folder;
  std::size_t partitions = 1;
  std::size_t threads = 1;  // how many may merge a partition at the same time
  std::uint64_t memory_bytes = 0;
  std::stop_token stop;
};

// The runs of one shuffle, never more than can be merged at once. As soon as one generation has that many, they are
// merged into one run of the next generation. So each pair is written once per generation, and there are few
// generations. Not thread-safe.
class RunStore {
 public:
  explicit RunStore(RunStoreOptions options);

  RunOptions run_options() const;
  Result<void> add(Result<RunFile> run);
  // Merges until a single merge can read all runs that are left. Nothing may be added afterwards.
  Result<void> narrow();
  std::vector<const RunFile*> runs() const;
  std::size_t written() const { return written_; }

 private:
  Result<void> merge_first(std::deque<RunFile>& runs, std::size_t count, std::deque<RunFile>& target);

  const RunStoreOptions options_;
  std::size_t block_bytes_ = 0;
  std::size_t fan_in_ = 0;
  std::deque<std::deque<RunFile>> generations_;
  std::size_t written_ = 0;
};

// Groups the pairs in `taken`, writes them as one run and frees their memory. Errors are those of group() and of
// RunWriter.
Result<RunFile> spill(Taken taken, const GroupingOptions& grouping, const RunOptions& options);

}  // namespace quern::shuffle

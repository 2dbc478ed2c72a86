#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/input.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

struct RunStoreOptions {
  std::string folder;
  std::size_t partitions = 1;
  std::size_t threads = 1;  // that may each merge a partition at once
  std::uint64_t memory_bytes = 0;
  std::stop_token stop;
};

// The runs of one shuffle, never more open than can be merged at once: whenever that many of one generation are there,
// they become one of the next. Each pair is so written once for each generation, of which few exist. Used by one thread
// at a time.
class RunStore {
 public:
  explicit RunStore(RunStoreOptions options);

  RunOptions run_options() const;
  Result<void> add(Result<RunFile> run);
  // Merges until one merge can read all that is left. Nothing may be added afterwards.
  Result<void> narrow(const std::set<InputOrdinal>& dropped);
  std::vector<const RunFile*> runs() const;
  std::size_t written() const { return written_; }

 private:
  Result<void> merge_first(std::deque<RunFile>& runs, std::size_t count, std::deque<RunFile>& target,
                           const std::set<InputOrdinal>& dropped);

  const RunStoreOptions options_;
  std::size_t block_bytes_ = 0;
  std::size_t fan_in_ = 0;
  std::deque<std::deque<RunFile>> generations_;
  std::size_t written_ = 0;
};

}  // namespace quern::shuffle

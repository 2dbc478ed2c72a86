#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"

namespace quern::shuffle {

struct ShuffleOptions {
  std::string separator;
  std::size_t partitions = 1;
  std::uint64_t memory_bytes = 0;  // for everything that the shuffle holds
  std::string scratch_folder;      // for spilled runs
  std::size_t threads = 1;         // that sort at once
};

// The partition of a key: XXH3 of its bytes, seed 0, modulo the number of partitions. Part of the contract.
std::size_t partition_of(std::string_view key, std::size_t partitions);

// Takes the mapped pairs, and gives them back grouped by key. Any thread may call sink(); each sink belongs to one
// thread. After all sinks are destroyed, the owner calls finish() once, then groups() for each partition.
class Shuffle {
 public:
  static std::unique_ptr<Shuffle> make(ShuffleOptions options);
  virtual ~Shuffle() = default;

  // A line without the separator is a key with an empty value. Fails with kNoSpace above the memory limit.
  virtual std::unique_ptr<BlockSink> sink() = 0;
  // Sorts. What these inputs gave does not count.
  virtual Result<void> finish(const std::set<InputOrdinal>& failed_inputs, std::stop_token stop) = 0;
  // May be called for several partitions at once, by several threads; borrows from the shuffle.
  virtual Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) = 0;
};

}  // namespace quern::shuffle

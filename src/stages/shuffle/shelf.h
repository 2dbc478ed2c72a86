#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "model/block.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {

// Pairs of one block of the input (or, where pairs are aggregated as they come, of many), ready to be grouped.
struct CommittedBlock {
  BlockAddress address;
  BlockEntries entries;
  // What the entries' lines lie in.
  std::vector<Buffer> lines;
  std::vector<HugeArray<char>> arena;
};

// What one sink holds.
struct Taken {
  std::vector<CommittedBlock> blocks;
  std::vector<HugeArray<Entry>> pieces;  // what the blocks' entries lie in
  std::uint64_t budget_bytes = 0;        // what they are counted with
  std::uint64_t pairs = 0;

  void append(Taken other);
};

}  // namespace quern::shuffle

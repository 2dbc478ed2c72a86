#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "model/block.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {

// Pairs of one input block (or of many, if pairs are aggregated as they arrive), ready to be grouped.
struct CommittedBlock {
  BlockAddress address;
  BlockEntries entries;
  // The buffers that hold the entries' lines.
  std::vector<Buffer> lines;
  std::vector<HugeArray<char>> arena;
};

// Everything that one sink holds.
struct Taken {
  std::vector<CommittedBlock> blocks;
  std::vector<HugeArray<Entry>> pieces;  // the memory that holds the blocks' entries
  std::uint64_t budget_bytes = 0;        // as counted in the budget
  std::uint64_t pairs = 0;

  void append(Taken other);
};

}  // namespace quern::shuffle

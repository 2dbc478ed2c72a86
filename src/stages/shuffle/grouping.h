#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {

// The entries of one block, ordered by partition, in the pieces of memory that hold them.
struct BlockEntries {
  std::vector<std::span<Entry>> pieces;
  std::vector<std::uint32_t> ends;  // for each partition: how many entries it and all before it have; at least one
  std::size_t count() const { return ends.back(); }
};

// One distinct key: its first 12 bytes as a big-endian number, above the index of its first entry. Comparing two of
// these numbers compares the beginnings of the keys without reading the keys.
using KeyNumber = unsigned __int128;

struct Grouped {
  HugeArray<Entry> entries;           // equal keys are adjacent, in input order, the first one marked
  HugeArray<KeyNumber> keys;          // in key order within each partition
  std::vector<std::size_t> key_ends;  // of each partition
  std::size_t first_entry(std::size_t key) const { return static_cast<std::uint32_t>(keys[key]); }
};

struct GroupingOptions {
  std::string_view separator;
  std::size_t partitions = 1;
  std::size_t threads = 1;
  std::stop_token stop;
};

// Groups and sorts the entries of these blocks, which are in input order. `release` is called once `blocks` are no
// longer needed, before the second half of the work allocates memory of its own. In addition to the blocks' own entries
// it holds at most one more copy of them; the memory of the blocks can then be used for the distinct keys. Fails with
// kStopped, or if the system has no memory.
Result<Grouped> group(const std::vector<BlockEntries>& blocks, const GroupingOptions& options,
                      const std::function<void()>& release);

}  // namespace quern::shuffle

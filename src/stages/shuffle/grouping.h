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

// The entries of one block, by partition, in the pieces of memory in which they lie.
struct BlockEntries {
  std::vector<std::span<Entry>> pieces;
  std::vector<std::uint32_t> ends;  // how many entries the partitions up to and with the i-th one have; at least one
  std::size_t count() const { return ends.back(); }
};

// One distinct key: its first 12 bytes as a big-endian number above the index of its first entry, so that comparing two
// of these numbers compares the keys' beginnings without a look at the keys.
using KeyNumber = unsigned __int128;

struct Grouped {
  HugeArray<Entry> entries;           // equal keys stand together, in input order, the first one marked
  HugeArray<KeyNumber> keys;          // of each partition in key order
  std::vector<std::size_t> key_ends;  // of the partitions
  std::size_t first_entry(std::size_t key) const { return static_cast<std::uint32_t>(keys[key]); }
};

struct GroupingOptions {
  std::string_view separator;
  std::size_t partitions = 1;
  std::size_t threads = 1;
  std::stop_token stop;
};

// Groups and sorts the entries of these blocks, which stand in input order. `release` is called when `blocks` are not
// needed any more, before the second half of the work needs memory of its own. In all it holds, beside the blocks' own
// entries, at most one more copy of them: what the blocks held is what the distinct keys may take afterwards.
// An error is kStopped, or that the system has no memory.
Result<Grouped> group(const std::vector<BlockEntries>& blocks, const GroupingOptions& options,
                      const std::function<void()>& release);

}  // namespace quern::shuffle

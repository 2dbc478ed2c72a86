#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "model/block.h"
#include "model/event.h"
#include "stages/shuffle/entry.h"
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

// Groups the pairs, and frees the memory of their entries. The blocks remain, in the order of their addresses, because
// what is returned points into their lines.
Result<Grouped> group(Taken& taken, const GroupingOptions& options);

// Counts the memory that all sinks hold, including what sorting it will need. Thread-safe.
class Budget {
 public:
  explicit Budget(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void take(std::uint64_t bytes, std::uint64_t pairs) {
    used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    pairs_.fetch_add(pairs, std::memory_order_relaxed);
  }
  void give_back(std::uint64_t bytes, std::uint64_t pairs) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    pairs_.fetch_sub(pairs, std::memory_order_relaxed);
  }
  bool is_exceeded() const {
    return used_bytes_.load(std::memory_order_relaxed) > limit_bytes_ ||
           pairs_.load(std::memory_order_relaxed) > kMostPairs;
  }

 private:
  // Pairs in memory are numbered with 32 bits. The rest of that range is for what mappers commit before they notice.
  static constexpr std::uint64_t kMostPairs = std::uint64_t{3} << 30;

  const std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> used_bytes_ = 0;
  std::atomic<std::uint64_t> pairs_ = 0;
};

// What a sink works with. Everything is borrowed and outlives it.
struct SinkPeers {
  Splitter splitter;
  Budget& budget;
  EventSink* events = nullptr;  // receives RecordBad for values that are refused; may be null
};

// Keeps every pair: its line in the mapper's own buffer, and an entry for it. The sink's thread fills it, and the
// thread that spills empties it.
class PairBuffer {
 public:
  explicit PairBuffer(const SinkPeers& peers) : peers_(peers) {}
  Result<void> add(BlockOutput output);
  // Returns everything that it holds. It is empty afterwards.
  Taken take();

 private:
  void split(CommittedBlock& block);
  Result<void> keep_entries(BlockEntries& kept);
  std::span<const Entry> by_partition(std::vector<std::uint32_t>& ends);
  Result<void> make_room();
  void count(std::uint64_t bytes, std::uint64_t pairs);

  const SinkPeers peers_;
  std::mutex mutex_;  // guards everything below
  Taken held_;
  std::size_t next_piece_bytes_ = 0;
  std::span<Entry> room_;  // the unused part of the last piece
  // Scratch space of one block, reused for the next.
  std::vector<Entry> entries_;
  std::vector<Entry> arranged_;
  std::vector<std::uint32_t> numbers_;
};

// Sorts entries by partition number into `arranged`, without changing their order within a partition. Sets `ends` as in
// BlockEntries.
void arrange_by_partition(std::span<const Entry> entries, std::span<const std::uint32_t> numbers,
                          std::vector<std::uint32_t>& ends, std::span<Entry> arranged);

}  // namespace quern::shuffle

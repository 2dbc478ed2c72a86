#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "model/block.h"
#include "model/event.h"
#include "stages/shuffle/budget.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// What a sink works with. Everything is borrowed and outlives it.
struct SinkPeers {
  Splitter splitter;
  Budget& budget;
  EventSink* events = nullptr;  // receives RecordBad for values that are refused; may be null
};

// Keeps every pair: its line in the mapper's own buffer, and an entry for it. The sink's thread fills it, and the
// thread that spills empties it.
class PairShelf {
 public:
  explicit PairShelf(const SinkPeers& peers) : peers_(peers) {}
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

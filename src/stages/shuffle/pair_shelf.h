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

// What a sink works with; all is borrowed, and outlives it.
struct SinkPeers {
  Splitter splitter;
  Budget& budget;
  EventSink* events = nullptr;  // hears of values that are not taken; or none
};

// Keeps every pair: its line in the mapper's own buffer, and an entry for it. Its sink's thread fills it, and the
// thread that spills empties it.
class PairShelf {
 public:
  explicit PairShelf(const SinkPeers& peers) : peers_(peers) {}
  Result<void> add(BlockOutput output);
  // All that it holds; it is empty afterwards.
  Taken take();

 private:
  void split(CommittedBlock& block);
  Result<void> keep_entries(BlockEntries& kept);
  std::span<const Entry> by_partition(std::vector<std::uint32_t>& ends);
  Result<void> make_room();
  void count(std::uint64_t bytes, std::uint64_t pairs);

  const SinkPeers peers_;
  std::mutex mutex_;  // of all that follows
  Taken held_;
  std::size_t next_piece_bytes_ = 0;
  std::span<Entry> room_;  // what is free of the last piece
  // Of one block, reused for the next.
  std::vector<Entry> entries_;
  std::vector<Entry> arranged_;
  std::vector<std::uint32_t> numbers_;
};

// Sorts entries by their partition numbers, keeping their order, into `arranged`; `ends` as in BlockEntries.
void arrange_by_partition(std::span<const Entry> entries, std::span<const std::uint32_t> numbers,
                          std::vector<std::uint32_t>& ends, std::span<Entry> arranged);

}  // namespace quern::shuffle

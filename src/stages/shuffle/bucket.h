#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {

// Groups one bucket after another, and keeps its memory between them. Not thread-safe.
class BucketGrouper {
 public:
  BucketGrouper(EntryReader reader, std::size_t prefetch_distance)
      : reader_(reader), prefetch_distance_(prefetch_distance) {}

  // Brings equal keys together in their original order and marks the first entry of each. Returns the number of keys.
  // Fails if the system has no memory for the second copy of a bucket.
  Result<std::size_t> group(std::span<Entry> bucket);

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number_and_one = 0;  // 0 if the slot is free
  };
  struct Key {
    Entry first;
    std::uint32_t count = 0;
  };

  void clear_for(std::size_t entries);
  // Returns the number of the entry's key; keys are numbered in order of first appearance.
  std::uint32_t number_of(const Entry& entry);
  void grow();
  Result<void> arrange(std::span<Entry> bucket);

  EntryReader reader_;
  std::size_t prefetch_distance_;
  std::vector<Slot> slots_;  // their number is a power of two; at most half are in use
  std::vector<Key> keys_;
  HugeArray<Entry> copy_;
};

}  // namespace quern::shuffle

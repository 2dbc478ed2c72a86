#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/grouping.h"
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

// Returns the KeyNumber of a key whose first entry is `first`, from the 12 bytes at `depth`. A key that ends sooner is
// padded with zero bytes.
KeyNumber key_number(std::string_view key, std::uint32_t first, std::size_t depth = 0);

// Sorts distinct keys by their bytes. Borrows the entries and the stop token. Thread-safe, if each thread sorts its own
// keys.
class KeySorter {
 public:
  KeySorter(EntryReader reader, std::span<const Entry> entries, const std::stop_token& stop)
      : reader_(reader), entries_(entries), stop_(stop) {}

  // `keys` must be numbers of depth 0. Afterwards they are in order, and only the index of the first entry is still
  // valid in each. If stopped, they are left in any order.
  void sort(std::span<KeyNumber> keys, std::size_t threads) const;

 private:
  void sort_numbers(std::span<KeyNumber> keys) const;
  void sort_from(std::span<KeyNumber> keys, std::size_t depth) const;
  void sort_alike(std::span<KeyNumber> keys, std::size_t depth) const;
  std::string_view key_of(KeyNumber key) const { return reader_.key(entries_[static_cast<std::uint32_t>(key)]); }

  EntryReader reader_;
  std::span<const Entry> entries_;
  const std::stop_token& stop_;
};

}  // namespace quern::shuffle

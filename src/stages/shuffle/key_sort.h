#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>

#include "stages/shuffle/entry.h"
#include "stages/shuffle/grouping.h"

namespace quern::shuffle {

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

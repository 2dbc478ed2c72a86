#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>

#include "stages/shuffle/entry.h"
#include "stages/shuffle/grouping.h"

namespace quern::shuffle {

// The number of a key (KeyNumber) whose first entry is `first`, from the 12 bytes at `depth`; a key that ends sooner
// is filled up with zero bytes.
KeyNumber key_number(std::string_view key, std::uint32_t first, std::size_t depth = 0);

// Sorts distinct keys by their bytes. Borrows the entries and the token. Any thread may use it, each on keys of its
// own.
class KeySorter {
 public:
  KeySorter(EntryReader reader, std::span<const Entry> entries, const std::stop_token& stop)
      : reader_(reader), entries_(entries), stop_(stop) {}

  // `keys` are numbers of depth 0, and are in order afterwards; of each only the index of its first entry is still
  // right. Once it is stopped they are in any order.
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

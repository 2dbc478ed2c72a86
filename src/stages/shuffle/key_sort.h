#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "stages/shuffle/entry.h"
#include "stages/shuffle/grouping.h"

namespace quern::shuffle {

// The number of a key (KeyNumber) whose first entry is `first`, from the 12 bytes at `depth`; a key that ends sooner
// is filled up with zero bytes.
KeyNumber key_number(std::string_view key, std::uint32_t first, std::size_t depth = 0);

// Sorts distinct keys by their bytes. Borrows the entries. Any thread may use it, each on keys of its own.
class KeySorter {
 public:
  KeySorter(EntryReader reader, std::span<const Entry> entries) : reader_(reader), entries_(entries) {}

  // `keys` are numbers of depth 0, and are in order afterwards; of each only the index of its first entry is still
  // right.
  void sort(std::span<KeyNumber> keys, std::size_t threads) const;

 private:
  void sort_from(std::span<KeyNumber> keys, std::size_t depth) const;
  void sort_alike(std::span<KeyNumber> keys, std::size_t depth) const;
  std::string_view key_of(KeyNumber key) const { return reader_.key(entries_[static_cast<std::uint32_t>(key)]); }

  EntryReader reader_;
  std::span<const Entry> entries_;
};

}  // namespace quern::shuffle

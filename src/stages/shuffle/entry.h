#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace quern::shuffle {

// What the shuffle keeps of a pair in addition to its line: 16 bytes. The line itself stays in the mapper's buffer.
// `hash` is the upper half of the key's hash until the pairs are grouped; from then on the grouping uses it freely.
struct Entry {
  // The address of the line in the lower 48 bits, which is all that a process can address, and above it the length of
  // the key, or kLongKey if the key's length does not fit into 16 bits.
  std::uint64_t line_and_key_bytes = 0;
  std::uint32_t hash = 0;
  // The length of the value. The highest bit marks the first entry of a group.
  std::uint32_t value_bytes_and_mark = 0;

  static constexpr std::uint64_t kLongKey = 0xffff;
  static constexpr unsigned kLineBits = 48;
  static constexpr std::uint32_t kFirstOfGroup = std::uint32_t{1} << 31;

  const char* line() const {
    return reinterpret_cast<const char*>(line_and_key_bytes & ((std::uint64_t{1} << kLineBits) - 1));
  }
  std::size_t value_bytes() const { return value_bytes_and_mark & ~kFirstOfGroup; }
  bool is_first_of_group() const { return (value_bytes_and_mark & kFirstOfGroup) != 0; }
};
static_assert(sizeof(Entry) == 16);

// The entry of a line that begins with `key`.
Entry entry_of(std::string_view key, std::size_t value_bytes);

// Reads entries back. Pure and thread-safe.
class EntryReader {
 public:
  explicit EntryReader(std::string_view separator) : separator_(separator) {}

  std::string_view key(const Entry& entry) const {
    std::uint64_t key_bytes = entry.line_and_key_bytes >> Entry::kLineBits;
    if (key_bytes == Entry::kLongKey) return long_key(entry);
    return {entry.line(), key_bytes};
  }
  std::string_view value(const Entry& entry) const {
    if (entry.value_bytes() == 0) return {};
    return {key(entry).end() + separator_.size(), entry.value_bytes()};
  }

 private:
  std::string_view long_key(const Entry& entry) const;

  std::string_view separator_;  // borrowed
};

// Splits pairs (or, if `separator` is not kBetweenInside, lines of text) into entries and appends them to `entries`, in
// order, until there are `most_entries`. With more than one partition, it also appends the partition of each to
// `numbers`. Returns the lines that are left. The last pair must end with '\n'. `lines` must stay where it is as long
// as the entries are used.
struct Splitter {
  std::string_view separator;
  std::size_t partitions = 1;
  std::size_t most_entries = std::size_t{1} << 32;
  std::string_view split(std::string_view lines, std::vector<Entry>& entries,
                         std::vector<std::uint32_t>& numbers) const;

 private:
  std::string_view split_text(std::string_view lines, std::vector<Entry>& entries,
                              std::vector<std::uint32_t>& numbers) const;
  void add(std::string_view key, std::size_t value_bytes, std::vector<Entry>& entries,
           std::vector<std::uint32_t>& numbers) const;
};

}  // namespace quern::shuffle

#include "stages/shuffle/entry.h"

#define XXH_INLINE_ALL  // A call for each key of a few bytes would cost more than its hash.
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "model/pair.h"
#include "stages/shuffle/shuffle.h"

namespace quern::shuffle {
namespace {

const char* find(const char* begin, const char* end, std::string_view separator) {
  auto length = static_cast<std::size_t>(end - begin);
  const void* found = separator.size() == 1 ? std::memchr(begin, separator[0], length)
                                            : ::memmem(begin, length, separator.data(), separator.size());
  return found != nullptr ? static_cast<const char*>(found) : end;
}

Entry make_entry(std::string_view key, std::size_t value_bytes, std::uint64_t hash) {
  auto address = reinterpret_cast<std::uint64_t>(key.data());
  CHECK(address >> Entry::kLineBits == 0 && value_bytes < Entry::kFirstOfGroup);
  std::uint64_t kept_key_bytes = std::min<std::uint64_t>(key.size(), Entry::kLongKey);
  return Entry{.line_and_key_bytes = address | kept_key_bytes << Entry::kLineBits,
               .hash = static_cast<std::uint32_t>(hash >> 32),
               .value_bytes_and_mark = static_cast<std::uint32_t>(value_bytes)};
}

}  // namespace

Entry entry_of(std::string_view key, std::size_t value_bytes) {
  return make_entry(key, value_bytes, XXH3_64bits(key.data(), key.size()));
}

std::size_t partition_of(std::string_view key, std::size_t partitions) {
  return partitions == 1 ? 0 : XXH3_64bits(key.data(), key.size()) % partitions;
}

std::string_view EntryReader::long_key(const Entry& entry) const {
  const char* begin = entry.line();
  // Only the end of the line is unknown; with a value, the key's end is unknown too: the first separator ends the key.
  const auto* end = static_cast<const char*>(::rawmemchr(begin, '\n'));
  return {begin, find(begin, end, separator_)};
}

inline void Splitter::add(std::string_view key, std::size_t value_bytes, std::vector<Entry>& entries,
                          std::vector<std::uint32_t>& numbers) const {
  std::uint64_t hash = XXH3_64bits(key.data(), key.size());
  entries.push_back(make_entry(key, value_bytes, hash));
  if (partitions > 1) numbers.push_back(static_cast<std::uint32_t>(hash % partitions));
}

std::string_view Splitter::split(std::string_view lines, std::vector<Entry>& entries,
                                 std::vector<std::uint32_t>& numbers) const {
  if (separator != kBetweenInside) return split_text(lines, entries, numbers);
  const char* end = lines.data() + lines.size();
  const char* line = lines.data();
  while (line < end && entries.size() < most_entries) {
    const char* key_end = find(line, end, kBetweenInside);
    const char* value = std::min(key_end + 1, end);
    const char* value_end = find(value, end, "\n");
    add({line, key_end}, static_cast<std::size_t>(value_end - value), entries, numbers);
    line = value_end + 1;
  }
  return {std::min(line, end), end};
}

std::string_view Splitter::split_text(std::string_view lines, std::vector<Entry>& entries,
                                      std::vector<std::uint32_t>& numbers) const {
  const char* end = lines.data() + lines.size();
  // The next separator, which may be several lines ahead. It is searched for again only once a line has passed it.
  const char* next_separator = lines.data() - 1;
  const char* line = lines.data();
  while (line < end && entries.size() < most_entries) {
    const char* line_end = find(line, end, "\n");
    if (next_separator < line) next_separator = find(line, end, separator);
    bool has_value = next_separator + separator.size() <= line_end;
    const char* key_end = has_value ? next_separator : line_end;
    auto value_bytes = has_value ? static_cast<std::size_t>(line_end - key_end) - separator.size() : 0;
    add({line, key_end}, value_bytes, entries, numbers);
    line = line_end + 1;
  }
  return {std::min(line, end), end};
}

}  // namespace quern::shuffle

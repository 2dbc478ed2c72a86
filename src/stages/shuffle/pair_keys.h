#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/groups.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/shuffle.h"

namespace quern::shuffle {

// A pair key is a pair encoded as one key: the pair's key with each zero byte followed by a 1, two zero bytes, and the
// value. Pair keys sort by key and then by value. So grouping and sorting pair keys yields the distinct pairs, in
// order, however many values a key has.

void append_pair_key(Buffer& target, std::string_view key, std::string_view value);

// Splits a pair key into its two parts.
class PairKey {
 public:
  explicit PairKey(std::string_view pair_key);
  std::string_view key() const { return unescaped_.empty() ? key_ : std::string_view(unescaped_); }
  std::string_view value() const { return value_; }

 private:
  std::string_view key_;  // borrowed, like value_
  std::string unescaped_;
  std::string_view value_;
};

// Replaces the entries of these pairs by entries of their pair keys, which have no value; `pair_keys` then holds their
// bytes.
void make_pair_keys(std::vector<Entry>& pairs, const EntryReader& reader, Buffer& pair_keys);

// Turns groups whose keys are pair keys into groups of the original keys, each with its values distinct and in byte
// order. Not thread-safe; holds one pair at a time.
std::unique_ptr<GroupSource> make_distinct_groups(std::unique_ptr<GroupSource> pairs);

// Returns the groups of `groups`, each with its distinct values in byte order. Uses a shuffle of their pairs, so the
// values of a key may exceed options.memory_bytes. Reads all groups at once. Not thread-safe. Of the options it uses
// memory, folder and stop token.
Result<std::unique_ptr<GroupSource>> distinct_values(std::unique_ptr<GroupSource> groups, ShuffleOptions options);

}  // namespace quern::shuffle

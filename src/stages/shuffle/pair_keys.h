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

// A pair as one key. These keys are in the order of their pairs' keys and, of the same key, of their values: so what
// groups and sorts keys finds the distinct pairs, in order, however many values a key has. It has the pair's key, with
// each zero byte followed by a 1, two zero bytes, and the value.

void append_pair_key(Buffer& target, std::string_view key, std::string_view value);

// A pair key in its two parts.
class PairKey {
 public:
  explicit PairKey(std::string_view pair_key);
  std::string_view key() const { return unescaped_.empty() ? key_ : std::string_view(unescaped_); }
  std::string_view value() const { return value_; }

 private:
  std::string_view key_;  // borrowed, as value_ is
  std::string unescaped_;
  std::string_view value_;
};

// Makes of these pairs' entries those of their pair keys, as pairs without a value, which lie in `pair_keys` then.
void make_pair_keys(std::vector<Entry>& pairs, const EntryReader& reader, Buffer& pair_keys);

// The groups of groups whose keys are pair keys: each key with its values, distinct and in byte order. Owned by one
// thread; it holds one pair.
std::unique_ptr<GroupSource> make_distinct_groups(std::unique_ptr<GroupSource> pairs);

// The groups of `groups`, each with its distinct values in byte order, by a shuffle of their pairs: so the values of a
// key may be more than options.memory_bytes. Reads all groups at once. Owned by one thread. Of the options it uses
// memory, folder and stop token.
Result<std::unique_ptr<GroupSource>> distinct_values(std::unique_ptr<GroupSource> groups, ShuffleOptions options);

}  // namespace quern::shuffle

#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// The second part of a pair key, which begins after the first two zero bytes.
std::string_view value_of_pair_key(std::string_view pair_key);

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

// Pairs whose keys are pair keys. Not thread-safe.
class PairKeyLines {
 public:
  void clear();
  bool empty() const { return sizes_.empty(); }
  // The second part of the pair key is given in pieces.
  void append(std::string_view key, std::initializer_list<std::string_view> part, std::string_view value);
  // Makes `entries` those of the pairs (with kBetweenInside); valid until more are appended.
  void list(std::vector<Entry>& entries) const;

 private:
  struct Sizes {
    std::size_t key_bytes;
    std::size_t value_bytes;
  };
  Buffer lines_;
  std::vector<Sizes> sizes_;
};

// A MergedGroups cursor over groups whose keys are pair keys. Each group has exactly one value.
class PairCursor {
 public:
  explicit PairCursor(std::unique_ptr<GroupSource> pairs) : pairs_(std::move(pairs)) {}
  Result<bool> next_group() {
    TRY_ASSIGN(is_unread_, pairs_->next_group());
    if (is_unread_) pair_.emplace(pairs_->key());
    return is_unread_;
  }
  Result<bool> next_value() { return std::exchange(is_unread_, false); }
  std::string_view key() const { return pair_->key(); }
  std::string_view value() const { return pair_->value(); }

 private:
  const std::unique_ptr<GroupSource> pairs_;
  std::optional<PairKey> pair_;
  bool is_unread_ = false;
};

// Turns groups whose keys are pair keys into groups of the original keys, each with its values distinct and in byte
// order. Not thread-safe; holds one pair at a time.
std::unique_ptr<GroupSource> make_distinct_groups(std::unique_ptr<GroupSource> pairs);

// Returns the groups of `groups` as a shuffle with options.aggregation returns them, which must be one that
// sorts_values(). The values of a key may exceed options.memory_bytes. Reads all groups at once. Not thread-safe. Of
// the options it uses the aggregation, what it is from and to, memory, folder, stop token and events.
Result<std::unique_ptr<GroupSource>> aggregate_sorted(std::unique_ptr<GroupSource> groups, ShuffleOptions options);

// Returns the groups of `groups` with the values of each key in the order of their bytes or, if `are_numeric`, numbers
// before texts, as append_value_order() sorts them. Equal values keep their order. Reads all groups at once; what does
// not fit into options.memory_bytes goes to disk. Not thread-safe. Of the options it uses memory, folder and stop
// token.
Result<std::unique_ptr<GroupSource>> sort_values(std::unique_ptr<GroupSource> groups, ShuffleOptions options,
                                                 bool are_numeric);

}  // namespace quern::shuffle

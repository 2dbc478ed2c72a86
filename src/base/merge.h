#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/result.h"

namespace quern {

// A tournament tree of losers (Knuth, The Art of Computer Programming, vol. 3, 5.4.1): keeps track of which contestant
// comes first while the first one changes repeatedly, with one comparison per level of the tree. `is_before(i, j)`
// compares contestants by their numbers and must be a strict total order. Not thread-safe.
template <typename IsBefore>
class LoserTree {
 public:
  // Requires at least one contestant.
  LoserTree(std::size_t contestants, IsBefore is_before)
      : is_before_(std::move(is_before)), leaves_(std::bit_ceil(contestants)), losers_(leaves_, kNobody) {
    winner_ = play(1, contestants);
  }
  std::size_t winner() const { return winner_; }
  // Call it after the winner has changed its value, possibly to one that comes later.
  void replay() {
    std::size_t best = winner_;
    for (std::size_t node = (best + leaves_) / 2; node > 0; node /= 2) {
      if (losers_[node] != kNobody && is_before_(losers_[node], best)) std::swap(losers_[node], best);
    }
    winner_ = best;
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

  // Plays all games below `node`, keeps their losers, and returns the winner.
  std::size_t play(std::size_t node, std::size_t contestants) {
    if (node >= leaves_) return node - leaves_ < contestants ? node - leaves_ : kNobody;
    std::size_t left = play(2 * node, contestants);
    std::size_t right = play(2 * node + 1, contestants);
    if (right != kNobody && (left == kNobody || is_before_(right, left))) std::swap(left, right);
    losers_[node] = right;
    return left;
  }

  IsBefore is_before_;
  std::size_t leaves_;
  std::vector<std::size_t> losers_;  // by node: the contestant that lost there
  std::size_t winner_ = 0;
};

// The first 16 bytes of a key as a number, so that most comparisons need not look at the keys themselves. A shorter key
// is padded with zero bytes.
using KeyStart = unsigned __int128;
inline KeyStart key_start(std::string_view key) {
  std::array<std::uint64_t, 2> start{};
  std::memcpy(start.data(), key.data(), std::min(key.size(), sizeof start));
  return KeyStart{__builtin_bswap64(start[0])} << 64 | __builtin_bswap64(start[1]);
}

// Merges the groups of several cursors into one order: by key, then by rank if cursors have ranks, then by cursor. A
// cursor reads one group after another, several of which may have the same key. Its functions:
//   Result<bool> next_group();     moves to the next group, the first time to the first one; false at the end
//   std::string_view key() const;  of the group; valid until next_group() is called
//   auto rank() const;             optional: of the group; any ordered type
//   bool repeats_key() const;      optional, for cursors without ranks: whether the previous group had the same key
// Each cursor's groups must be ordered by key and rank. If they are not, next() returns the least of the cursors'
// current groups. Not thread-safe; blocks and fails as the cursors do.
template <typename Cursor>
class Merge {
 public:
  explicit Merge(std::deque<Cursor> cursors) : cursors_(std::move(cursors)) {}
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  // Whether next() has been called.
  bool has_begun() const { return tree_.has_value(); }
  // Returns the cursor that is at the next group, or nullptr at the end. The merge owns the cursor; only next() moves
  // it to another group.
  Result<Cursor*> next() {
    if (!tree_.has_value()) {
      if (cursors_.empty()) return nullptr;
      for (Cursor& cursor : cursors_) TRY(go_on(heads_.emplace_back(Head{.cursor = &cursor})));
      tree_.emplace(heads_.size(), IsBefore{&heads_});
    } else if (Head& last = heads_[tree_->winner()]; !last.is_at_end) {
      TRY(go_on(last));
      if (!stays_first(last)) tree_->replay();
    }
    const Head& first = heads_[tree_->winner()];
    return first.is_at_end ? nullptr : first.cursor;
  }

 private:
  struct Head {
    KeyStart start = 0;  // of the key; the greatest possible value for a cursor at its end
    std::string_view key;
    Cursor* cursor;
    bool is_at_end = false;
  };
  struct IsBefore {
    const std::vector<Head>* heads;
    bool operator()(std::size_t left, std::size_t right) const {
      const Head& one = (*heads)[left];
      const Head& other = (*heads)[right];
      if (one.start != other.start) return one.start < other.start;
      if (one.is_at_end || other.is_at_end) return std::pair(one.is_at_end, left) < std::pair(other.is_at_end, right);
      if (int order = one.key.compare(other.key); order != 0) return order < 0;
      if constexpr (requires { one.cursor->rank(); }) {
        if (auto order = one.cursor->rank() <=> other.cursor->rank(); order != 0) return order < 0;
      }
      return left < right;
    }
  };

  static Result<void> go_on(Head& head) {
    TRY_ASSIGN(bool has_group, head.cursor->next_group());
    head.is_at_end = !has_group;
    if (has_group) head.key = head.cursor->key();
    head.start = has_group ? key_start(head.key) : ~KeyStart{0};
    return {};
  }
  static bool stays_first(const Head& head) {
    if constexpr (requires { head.cursor->repeats_key(); }) return !head.is_at_end && head.cursor->repeats_key();
    return false;
  }

  std::deque<Cursor> cursors_;
  std::vector<Head> heads_;                  // one per cursor, in their order
  std::optional<LoserTree<IsBefore>> tree_;  // absent before the first call of next()
};

}  // namespace quern

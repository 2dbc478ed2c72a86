#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

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

}  // namespace quern

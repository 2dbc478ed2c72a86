#include "base/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace quern {
namespace {

using namespace std::string_literals;

TEST(LoserTree, GivesWhatSortingGives) {
  std::mt19937 random(3);
  for (std::size_t count = 1; count < 40; ++count) {
    std::vector<std::vector<unsigned>> lists(count);
    std::vector<unsigned> all;
    for (auto& list : lists) {
      for (std::size_t i = random() % 20; i > 0; --i) list.push_back(static_cast<unsigned>(random() % 50));
      all.insert(all.end(), list.begin(), list.end());
      std::sort(list.rbegin(), list.rend());
    }
    std::sort(all.begin(), all.end());
    LoserTree tree(count, [&](std::size_t left, std::size_t right) {
      if (lists[left].empty() || lists[right].empty())
        return lists[right].empty() && (!lists[left].empty() || left < right);
      return lists[left].back() != lists[right].back() ? lists[left].back() < lists[right].back() : left < right;
    });
    std::vector<unsigned> merged;
    for (; !lists[tree.winner()].empty(); tree.replay()) {
      merged.push_back(lists[tree.winner()].back());
      lists[tree.winner()].pop_back();
    }
    EXPECT_EQ(merged, all) << count;
  }
}

struct Group {
  std::string key;
  int rank = 0;
  std::size_t cursor = 0;
  auto operator<=>(const Group&) const = default;
};

class PlainCursor {
 public:
  explicit PlainCursor(std::vector<Group> groups) : groups_(std::move(groups)) {}
  Result<bool> next_group() {
    if (next_ == groups_.size()) return false;
    now_ = &groups_[next_++];
    return true;
  }
  std::string_view key() const { return now_->key; }
  const Group& now() const { return *now_; }

 protected:
  std::vector<Group> groups_;
  std::size_t next_ = 0;
  const Group* now_ = nullptr;
};

struct RankedCursor : PlainCursor {
  using PlainCursor::PlainCursor;
  int rank() const { return now_->rank; }
};

struct RepeatingCursor : PlainCursor {
  using PlainCursor::PlainCursor;
  bool repeats_key() const { return next_ > 1 && groups_[next_ - 2].key == now_->key; }
};

template <typename Cursor>
std::vector<Group> merged(const std::vector<std::vector<Group>>& lists) {
  std::deque<Cursor> cursors;
  for (const auto& list : lists) cursors.emplace_back(list);
  Merge<Cursor> merge(std::move(cursors));
  std::vector<Group> all;
  while (Cursor* cursor = merge.next().value()) all.push_back(cursor->now());
  EXPECT_EQ(merge.next().value(), nullptr) << "the end is not its end";
  return all;
}

// Keys with the same first 16 bytes, short keys, and keys equal to the value that marks a cursor at its end.
const std::string kSixteen = "0123456789abcdef";
const std::vector<std::string> kKeys = {"",
                                        "\0"s,
                                        "a",
                                        "a\0"s,
                                        "ab",
                                        "\x80",
                                        "\xff\xff\xff",
                                        "0123456789abcdeg",
                                        kSixteen,
                                        kSixteen + "a",
                                        kSixteen + "\0"s,
                                        kSixteen + "b"};

std::vector<std::vector<Group>> draw_lists(std::size_t count, bool has_ranks, std::mt19937& random) {
  std::vector<std::vector<Group>> lists(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t left = random() % 20; left > 0; --left) {
      std::string key = kKeys[random() % kKeys.size()];
      if (random() % 4 == 0) key.insert(0, 16, '\xff');
      lists[i].push_back({std::move(key), has_ranks ? static_cast<int>(random() % 5) : 0, i});
    }
    std::sort(lists[i].begin(), lists[i].end());
  }
  return lists;
}

TEST(Merge, GivesWhatSortingGives) {
  std::mt19937 random(4);
  for (std::size_t count = 0; count < 40; ++count) {
    for (bool has_ranks : {false, true}) {
      const auto lists = draw_lists(count, has_ranks, random);
      std::vector<Group> sorted;
      for (const auto& list : lists) sorted.insert(sorted.end(), list.begin(), list.end());
      std::sort(sorted.begin(), sorted.end());
      EXPECT_TRUE(merged<RankedCursor>(lists) == sorted) << count;
      if (has_ranks) continue;
      EXPECT_TRUE(merged<PlainCursor>(lists) == sorted) << count;
      EXPECT_TRUE(merged<RepeatingCursor>(lists) == sorted) << count;
    }
  }
}

// The output of reducers may not be in key order.
TEST(Merge, TakesTheLeastOfWhatIsNextWhateverComesLater) {
  const auto all = merged<PlainCursor>({{{"b", 0, 0}, {"a", 0, 0}, {"c", 0, 0}}, {{"b", 0, 1}, {"b", 0, 1}}});
  EXPECT_EQ(all, (std::vector<Group>{{"b", 0, 0}, {"a", 0, 0}, {"b", 0, 1}, {"b", 0, 1}, {"c", 0, 0}}));
}

TEST(Merge, FailsAsACursorDoes) {
  struct FailingCursor {
    int groups;
    Result<bool> next_group() {
      if (groups-- == 0) return bad_input("no more");
      return true;
    }
    static std::string_view key() { return "key"; }
  };
  for (int groups : {0, 1, 7}) {
    Merge<FailingCursor> merge(std::deque{FailingCursor{groups}});
    for (int i = 0; i < groups; ++i) EXPECT_TRUE(merge.next().ok());
    EXPECT_EQ(merge.next().error().message, "no more");
  }
}

TEST(KeyStart, IsInTheOrderOfTheKeys) {
  for (const std::string& one : kKeys) {
    for (const std::string& other : kKeys) {
      EXPECT_TRUE(key_start(one) >= key_start(other) || one < other) << one << " and " << other;
    }
  }
  EXPECT_TRUE(key_start("1234567823456789a") == (KeyStart{0x3132333435363738} << 64 | 0x3233343536373839));
  EXPECT_TRUE(key_start("1") == KeyStart{0x31} << 120);
}

}  // namespace
}  // namespace quern

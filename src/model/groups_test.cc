#include "model/groups.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace quern {
namespace {

struct Group {
  std::string key;
  std::vector<std::string> values;
};

// Returns groups from memory.
class ListCursor {
 public:
  explicit ListCursor(std::vector<Group> groups) : groups_(std::move(groups)) {}
  Result<bool> next_group() {
    next_value_ = 0;
    return next_++ < groups_.size();
  }
  Result<bool> next_value() { return next_value_++ < groups_[next_ - 1].values.size(); }
  std::string_view key() const { return groups_[next_ - 1].key; }
  std::string_view value() const { return groups_[next_ - 1].values[next_value_ - 1]; }

 private:
  std::vector<Group> groups_;
  std::size_t next_ = 0;
  std::size_t next_value_ = 0;
};

std::deque<ListCursor> draw_cursors(std::size_t count, std::map<std::string, std::vector<std::string>>& expected,
                                    std::mt19937& random) {
  std::deque<ListCursor> cursors;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Group> groups(random() % 20);
    for (Group& group : groups) group.key = std::string(random() % 12, 'k');
    std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.key < b.key; });
    for (Group& group : groups) {
      auto& all = expected[group.key];
      for (std::size_t left = random() % 3; left > 0; --left) {
        all.push_back(group.values.emplace_back(fmt::format("{}-{}", i, all.size())));
      }
    }
    cursors.emplace_back(std::move(groups));
  }
  return cursors;
}

// Of some groups all values are read, of others only the first ones.
TEST(MergedGroups, GiveEachKeyOnceHoweverMuchOfAGroupIsRead) {
  std::mt19937 random(8);
  for (std::size_t round = 0; round < 200; ++round) {
    std::map<std::string, std::vector<std::string>> expected;
    MergedGroups<ListCursor> groups(draw_cursors(random() % 9, expected, random));
    EXPECT_TRUE(round % 2 == 0 || groups.begin().ok());
    EXPECT_FALSE(groups.next_value().value());
    for (const auto& [key, values] : expected) {
      ASSERT_TRUE(groups.next_group().value());
      EXPECT_EQ(groups.key(), key);
      const std::size_t wanted = random() % 2 == 0 ? values.size() + 1 : random() % (values.size() + 1);
      for (std::size_t i = 0; i < wanted; ++i) {
        ASSERT_EQ(groups.next_value().value(), i < values.size());
        EXPECT_EQ(groups.key(), key);
        EXPECT_EQ(i < values.size() ? groups.value() : "", i < values.size() ? values[i] : "");
      }
    }
    for (int again = 0; again < 2; ++again) {
      EXPECT_FALSE(groups.next_group().value());
      EXPECT_FALSE(groups.next_value().value());
    }
  }
}

}  // namespace
}  // namespace quern

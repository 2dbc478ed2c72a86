#include "stages/shuffle/pair_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace quern::shuffle {
namespace {

using namespace std::string_literals;

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string pair_key(const std::string& key, const std::string& value) {
  Buffer buffer;
  append_pair_key(buffer, key, value);
  return std::string(buffer.view());
}

TEST(PairKey, IsReadBackAndInTheOrderOfThePairs) {
  const std::vector<std::string> texts = {"",       "\0"s,  "\0\0"s, "\0\1"s, "\1"s,     "a",    "a\0"s, "a\0\0b"s,
                                          "a\0\1"s, "a\1"s, "a b",   "ab",    "\xff\0"s, "\xff", "b"};
  Pairs pairs;
  for (const std::string& key : texts) {
    for (const std::string& value : texts) pairs.emplace_back(key, value);
  }
  std::sort(pairs.begin(), pairs.end());
  std::string before;
  for (auto& [key, value] : pairs) {
    std::string made = pair_key(key, value);
    EXPECT_EQ(PairKey(made).key(), key);
    EXPECT_EQ(PairKey(made).value(), value);
    EXPECT_LT(before, made);
    before = made;
  }
}

class ListedGroups final : public GroupSource {
 public:
  explicit ListedGroups(std::map<std::string, std::vector<std::string>> groups)
      : groups_(std::move(groups)), next_(groups_.begin()) {}
  Result<bool> next_group() override {
    if (next_ == groups_.end()) return false;
    now_ = next_++;
    next_value_ = 0;
    return true;
  }
  Result<bool> next_value() override { return next_value_++ < now_->second.size(); }
  std::string_view key() const override { return now_->first; }
  std::string_view value() const override { return now_->second[next_value_ - 1]; }

 private:
  std::map<std::string, std::vector<std::string>> groups_;
  std::map<std::string, std::vector<std::string>>::iterator next_, now_;
  std::size_t next_value_ = 0;
};

TEST(DistinctValues, AreInByteOrderHoweverLittleMemoryThereIs) {
  std::mt19937 random(5);
  std::map<std::string, std::vector<std::string>> groups;
  std::string expected;
  for (const std::string& key : {"a"s, "a\0b"s, std::string(70'000, 'k'), "z"s}) {
    std::set<std::string> distinct;
    for (int i = 0; i < (key.size() > 10 ? 100 : 3000); ++i) {
      std::string value = fmt::format("{}x y", random() % 2000);
      groups[key].push_back(value);
      distinct.insert(value);
    }
    expected += fmt::format("{}: {}\n", key, fmt::join(distinct, ","));
  }
  for (std::uint64_t memory_bytes : {1ULL << 20, 1ULL}) {
    auto read = aggregate_sorted(std::make_unique<ListedGroups>(groups),
                                 {.memory_bytes = memory_bytes,
                                  .scratch_folder = ::testing::TempDir(),
                                  .aggregation = Aggregation{.kind = Aggregation::Kind::kUnique}});
    std::string text;
    while (read.value()->next_group().value()) {
      std::vector<std::string> values;
      while (read.value()->next_value().value()) values.emplace_back(read.value()->value());
      text += fmt::format("{}: {}\n", read.value()->key(), fmt::join(values, ","));
    }
    EXPECT_TRUE(text == expected) << memory_bytes;
  }
}

std::string sorted_text(std::uint64_t memory_bytes, bool are_numeric) {
  std::map<std::string, std::vector<std::string>> groups = {
      {"a\0"s, {"10", "9", "x", "9.0", "", "-1"}}, {"b", {"2"}}, {"c", {}}, {"d", {"1e1", "10", "2"}}};
  auto read = sort_values(std::make_unique<ListedGroups>(groups),
                          {.memory_bytes = memory_bytes, .scratch_folder = ::testing::TempDir()}, are_numeric);
  std::string text;
  while (read.value()->next_group().value()) {
    text += std::string(read.value()->key()) + ":";
    // Leaves the last value of one key unread.
    for (int i = 0; i < 6 && (read.value()->key() != "d" || i < 2) && read.value()->next_value().value(); ++i) {
      text += fmt::format(" '{}'", read.value()->value());
    }
    text += "\n";
  }
  return text;
}

TEST(SortedValues, AreInOrderAndEqualOnesAsTheyCame) {
  for (std::uint64_t memory_bytes : {1ULL << 20, 1ULL}) {
    EXPECT_EQ(sorted_text(memory_bytes, true), "a\0: '-1' '9' '9.0' '10' '' 'x'\nb: '2'\nd: '2' '1e1'\n"s);
    EXPECT_EQ(sorted_text(memory_bytes, false), "a\0: '' '-1' '10' '9' '9.0' 'x'\nb: '2'\nd: '10' '1e1'\n"s);
  }
}

}  // namespace
}  // namespace quern::shuffle

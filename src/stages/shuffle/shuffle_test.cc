#include "stages/shuffle/shuffle.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace quern::shuffle {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Groups = std::vector<std::pair<std::string, std::vector<std::string>>>;

Buffer buffer_of(std::string_view text) {
  Buffer buffer;
  buffer.append(text);
  return buffer;
}

BlockOutput block(InputOrdinal input, std::uint32_t number, std::initializer_list<std::string_view> chunks) {
  BlockOutput output{.address = {.input = input, .number = number}, .last_input = input};
  for (std::string_view chunk : chunks) output.lines.push_back(buffer_of(chunk));
  return output;
}

Groups read_groups(Shuffle& shuffle, std::size_t partition = 0) {
  Groups read;
  auto groups = shuffle.groups(partition).value();
  while (groups->next_group().value()) {
    read.emplace_back(std::string(groups->key()), std::vector<std::string>());
    while (groups->next_value().value()) read.back().second.emplace_back(groups->value());
  }
  return read;
}

std::unique_ptr<Shuffle> make_shuffle(std::string separator = " ", std::size_t partitions = 1,
                                      std::size_t threads = 1) {
  return Shuffle::make({.separator = std::move(separator),
                        .partitions = partitions,
                        .memory_bytes = std::uint64_t{1} << 30,
                        .threads = threads});
}

Groups shuffle_one(std::string separator, std::string_view lines) {
  auto shuffle = make_shuffle(std::move(separator));
  EXPECT_TRUE(shuffle->sink()->commit(block(0, 0, {lines})).ok());
  EXPECT_TRUE(shuffle->finish().ok());
  return read_groups(*shuffle);
}

TEST(Shuffle, SplitsLinesAtTheFirstSeparator) {
  struct Row {
    const char* name;
    const char* separator;
    std::string lines;
    Groups groups;
  };
  const std::string long_key(100'000, 'k');
  const std::vector<Row> rows = {
      {"one pair", " ", "a 1\n", {{"a", {"1"}}}},
      {"no separator", " ", "a\n", {{"a", {""}}}},
      {"no separator but in the next line", " ", "a\nb 1\n", {{"a", {""}}, {"b", {"1"}}}},
      {"empty value", " ", "a \n", {{"a", {""}}}},
      {"empty key", " ", " 1\n", {{"", {"1"}}}},
      {"empty line", " ", "\n", {{"", {""}}}},
      {"separator within the value", " ", "a b c \n", {{"a", {"b c "}}}},
      {"tab", "\t", "a b\tc d\n", {{"a b", {"c d"}}}},
      {"several bytes", "::", "a:b::c::d\n", {{"a:b", {"c::d"}}}},
      {"several bytes, half of them at the end", "::", "a:\n:b\nc::d\n", {{":b", {""}}, {"a:", {""}}, {"c", {"d"}}}},
      {"zero bytes", " ", std::string("a\0b c\0d\n", 8), {{std::string("a\0b", 3), {std::string("c\0d", 3)}}}},
      {"no newline at the end", " ", "a 1\nb 2", {{"a", {"1"}}, {"b", {"2"}}}},
      {"long key", " ", long_key + " 1\n" + long_key + " 2\n", {{long_key, {"1", "2"}}}},
      {"long key without a value", " ", long_key + "\nb 1\n", {{"b", {"1"}}, {long_key, {""}}}},
      {"nothing", " ", "", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(shuffle_one(row.separator, row.lines), row.groups) << row.name;
}

TEST(Shuffle, TakesPairsWhateverIsInThem) {
  const std::string long_key(100'000, ' ');
  const std::vector<std::pair<std::string, Groups>> rows = {
      {"New York\n1 2\nNew\nYork\nNew York\n\n", {{"New", {"York"}}, {"New York", {"1 2", ""}}}},
      {"\n\n\nx\n", {{"", {"", "x"}}}},
      {long_key + "\n1\na\n2\n" + long_key + "\n\n", {{long_key, {"1", ""}}, {"a", {"2"}}}},
      {"a\n1\nb", {{"a", {"1"}}, {"b", {""}}}},
      {"", {}},
  };
  for (const auto& [pairs, groups] : rows) EXPECT_EQ(shuffle_one("\n", pairs), groups) << pairs.substr(0, 40);
}

TEST(Shuffle, SortsKeysAsUnsignedBytes) {
  Groups groups = shuffle_one(" ", "b 1\n\xff 2\na 3\n\x7f 4\nB 5\n\xc3\xa9 6\naa 7\n");
  std::vector<std::string> keys;
  for (auto& [key, values] : groups) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("B", "a", "aa", "b", "\x7f", "\xc3\xa9", "\xff"));
}

TEST(Shuffle, KeepsValuesInInputOrderWhateverTheOrderOfCommits) {
  auto shuffle = make_shuffle();
  {
    auto one = shuffle->sink();
    auto other = shuffle->sink();
    ASSERT_TRUE(one->commit(block(1, 0, {"k 5\n", "k 6\n"})).ok());
    ASSERT_TRUE(other->commit(block(0, 1, {"k 3\nj 0\nk 4\n"})).ok());
    ASSERT_TRUE(one->commit(block(0, 0, {"k 1\nk 2\n"})).ok());
  }
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_EQ(read_groups(*shuffle), (Groups{{"j", {"0"}}, {"k", {"1", "2", "3", "4", "5", "6"}}}));
}

TEST(Shuffle, SkipsTheValuesThatNobodyAskedFor) {
  auto shuffle = make_shuffle();
  ASSERT_TRUE(shuffle->sink()->commit(block(0, 0, {"a 1\na 2\nb 3\n"})).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  auto groups = shuffle->groups(0).value();
  EXPECT_TRUE(groups->next_group().value());
  EXPECT_TRUE(groups->next_value().value());
  EXPECT_TRUE(groups->next_group().value());
  EXPECT_EQ(groups->key(), "b");
  EXPECT_TRUE(groups->next_value().value());
  EXPECT_EQ(groups->value(), "3");
  EXPECT_FALSE(groups->next_value().value());
  EXPECT_FALSE(groups->next_group().value());
}

TEST(Shuffle, HasEmptyPartitionsWithoutPairs) {
  auto shuffle = make_shuffle(" ", 3);
  ASSERT_TRUE(shuffle->finish().ok());
  for (std::size_t partition = 0; partition < 3; ++partition) EXPECT_THAT(read_groups(*shuffle, partition), IsEmpty());
}

TEST(Shuffle, PartitionsByADocumentedHash) {
  // XXH3 of these bytes, as `xxhsum -H3` prints it. It must never change.
  EXPECT_EQ(partition_of("", 1000003), 0x2d06800538d394c2U % 1000003);
  EXPECT_EQ(partition_of("anything", 1), 0U);
}

TEST(Shuffle, StopsWhenAsked) {
  std::stop_source stop;
  auto shuffle = Shuffle::make({.separator = " ", .memory_bytes = 1 << 20, .stop = stop.get_token()});
  ASSERT_TRUE(shuffle->sink()->commit(block(0, 0, {"a 1\n"})).ok());
  stop.request_stop();
  Result<void> result = shuffle->finish();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kStopped);
}

// A family of random keys.
struct KeyKind {
  const char* name;
  std::size_t pairs;
  std::string (*make)(std::mt19937&);
};

std::string padded_number(std::mt19937& random, std::size_t zeros, std::uint32_t most) {
  return std::string(zeros, '0') + std::to_string(random() % most);
}

const std::vector<KeyKind> kKeyKinds = {
    {"few", 10'000, [](std::mt19937& random) { return std::to_string(random() % 7); }},
    {"many", 40'000, [](std::mt19937& random) { return std::to_string(random()); }},
    {"alike for 12 bytes", 20'000, [](std::mt19937& random) { return padded_number(random, 12, 5000); }},
    {"alike for 500 bytes", 3'000, [](std::mt19937& random) { return padded_number(random, 500, 1000); }},
    {"one byte repeated", 3'000, [](std::mt19937& random) { return std::string(random() % 300, 'x'); }},
    {"zero bytes repeated", 3'000, [](std::mt19937& random) { return std::string(random() % 300, '\0'); }},
    {"two bytes, zero among them", 20'000,
     [](std::mt19937& random) {
       std::string key(random() % 30, '\0');
       for (char& byte : key) byte = (random() & 1) != 0 ? '\xff' : '\0';
       return key;
     }},
    {"one hot key", 20'000,
     [](std::mt19937& random) { return random() % 4 != 0 ? std::string("hot") : std::to_string(random()); }},
};

struct Expected {
  std::vector<BlockOutput> blocks;
  std::vector<Groups> groups;  // of each partition
};

Expected make_expected(const KeyKind& kind, std::size_t partitions, std::mt19937& random) {
  std::vector<std::pair<std::string, std::string>> pairs;
  Expected expected;
  while (pairs.size() < kind.pairs) {
    std::string lines;
    for (std::size_t i = 0; i < kind.pairs / 20; ++i) {
      pairs.emplace_back(kind.make(random), std::to_string(pairs.size()));
      lines += fmt::format("{} {}\n", pairs.back().first, pairs.back().second);
    }
    auto number = static_cast<std::uint32_t>(expected.blocks.size());
    expected.blocks.push_back(block(number / 3, number % 3, {lines}));
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  expected.groups.resize(partitions);
  for (auto& [key, value] : pairs) {
    Groups& groups = expected.groups[partition_of(key, partitions)];
    if (groups.empty() || groups.back().first != key) groups.emplace_back(key, std::vector<std::string>());
    groups.back().second.push_back(value);
  }
  std::shuffle(expected.blocks.begin(), expected.blocks.end(), random);
  return expected;
}

void expect_sorted(const KeyKind& kind, std::size_t partitions, std::size_t threads) {
  std::mt19937 random(20);
  Expected expected = make_expected(kind, partitions, random);
  auto shuffle = make_shuffle(" ", partitions, threads);
  std::vector<std::jthread> mappers;
  for (std::size_t mapper = 0; mapper < threads; ++mapper) {
    mappers.emplace_back([&, mapper] {
      auto sink = shuffle->sink();
      for (std::size_t i = mapper; i < expected.blocks.size(); i += threads) {
        EXPECT_TRUE(sink->commit(std::move(expected.blocks[i])).ok());
      }
    });
  }
  mappers.clear();
  ASSERT_TRUE(shuffle->finish().ok());
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    EXPECT_TRUE(read_groups(*shuffle, partition) == expected.groups[partition])
        << kind.name << ", partition " << partition << " of " << partitions << ", " << threads << " threads";
  }
}

TEST(Shuffle, GivesWhatAStableSortGives) {
  for (const KeyKind& kind : kKeyKinds) {
    for (std::size_t partitions : {1, 2, 7}) expect_sorted(kind, partitions, 1);
  }
}

TEST(Shuffle, GivesTheSameWithSeveralThreads) {
  for (const KeyKind& kind : kKeyKinds) {
    for (std::size_t partitions : {1, 3}) expect_sorted(kind, partitions, 4);
  }
}

TEST(Shuffle, SortsOnePartitionWithSeveralThreads) {
  KeyKind kind = {"enough keys for two threads", 140'000,
                  [](std::mt19937& random) { return std::to_string(random()); }};
  expect_sorted(kind, 1, 4);
}

}  // namespace
}  // namespace quern::shuffle

#include "stages/shuffle/columns.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/column_value.h"
#include "model/pair.h"
#include "stages/shuffle/pair_keys.h"
#include "stages/shuffle/shuffle.h"

namespace quern::shuffle {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Aggregation::Kind;
using ColumnRows = std::map<std::string, std::vector<std::string>>;

const Aggregation kAll{.kind = Kind::kColumns,
                       .columns = {{.kind = Kind::kCount},
                                   {.kind = Kind::kSum, .column = "sum"},
                                   {.kind = Kind::kQuantile, .quantile_ppm = 500'000},
                                   {.kind = Kind::kDistinct},
                                   {.kind = Kind::kMean},
                                   {.kind = Kind::kTop, .top_count = 2},
                                   {.kind = Kind::kUnique},
                                   {.kind = Kind::kMin, .column = "least"},
                                   {.kind = Kind::kStddev},
                                   {.kind = Kind::kFirst},
                                   {.kind = Kind::kLast},
                                   {.kind = Kind::kList},
                                   {.kind = Kind::kTop, .top_count = 2, .has_label = true}},
                       .key_parts = 2};

class PairLines {
 public:
  void add(const std::string& key, std::size_t column, std::string_view value) {
    append_pair(key, kBetweenInside, letter_of_column(column) + std::string(value), lines_);
  }
  BlockOutput take() {
    BlockOutput output;
    output.lines.push_back(std::exchange(lines_, {}));
    return output;
  }

 private:
  Buffer lines_;
};

ColumnRows rows_of(GroupSource& groups) {
  ColumnRows rows;
  while (groups.next_group().value()) {
    std::vector<std::string>& row = rows[std::string(groups.key())];
    while (groups.next_value().value()) row.emplace_back(groups.value());
  }
  return rows;
}

std::unique_ptr<Shuffle> shuffle_of(const Aggregation& aggregation, AggregatedTo to, std::uint64_t memory_bytes,
                                    EventSink* events = nullptr) {
  return Shuffle::make({.separator = std::string(kBetweenInside),
                        .memory_bytes = memory_bytes,
                        .scratch_folder = ::testing::TempDir(),
                        .aggregation = aggregation,
                        .aggregated_to = to,
                        .events = events});
}

ColumnRows aggregate(std::vector<BlockOutput> blocks, AggregatedTo to, std::uint64_t memory_bytes = 64 << 20) {
  auto shuffle = shuffle_of(kAll, to, memory_bytes);
  {
    auto sink = shuffle->sink();
    for (BlockOutput& block : blocks) EXPECT_TRUE(sink->commit(std::move(block)).ok());
  }
  EXPECT_TRUE(shuffle->finish().ok());
  return rows_of(*shuffle->groups(0).value());
}

class ListedRows final : public GroupSource {
 public:
  explicit ListedRows(ColumnRows rows) : rows_(std::move(rows)) {}
  Result<bool> next_group() override {
    at_ = is_begun_ ? std::next(at_) : rows_.begin();
    is_begun_ = true;
    next_ = 0;
    return at_ != rows_.end();
  }
  Result<bool> next_value() override { return next_++ < at_->second.size(); }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second[next_ - 1]; }

 private:
  ColumnRows rows_;
  ColumnRows::iterator at_;
  bool is_begun_ = false;
  std::size_t next_ = 0;
};

ColumnRows again(ColumnRows terms, AggregatedTo to) {
  auto groups =
      aggregate_sorted(std::make_unique<ListedRows>(std::move(terms)), {.memory_bytes = 1 << 20,
                                                                        .scratch_folder = ::testing::TempDir(),
                                                                        .aggregation = kAll,
                                                                        .aggregated_from = AggregatedFrom::kTerms,
                                                                        .aggregated_to = to});
  return rows_of(*groups.value());
}

// Where nothing was spilled, tables count the distinct values that they hold.
TEST(Columns, CountDistinctValuesHoweverManyAKeyHas) {
  Buffer lines;
  std::map<std::string, std::set<std::string>> values;
  auto add = [&](const std::string& key, const std::string& value) {
    append_pair(key, kBetweenInside, value, lines);
    values[key].insert(value);
  };
  std::mt19937 random(3);
  for (int i = 0; i < 200'000; ++i) add("few\0\0"s + std::to_string(random() % 3), std::to_string(random() % 90'000));
  for (int i = 0; i < 99'999; ++i) add(std::to_string(random() % 90'000) + "\0"s, i % 5 == 0 ? "" : "v");
  for (int i = 0; i < 5; ++i) add("long\0"s + std::string(70'000, 'y'), std::to_string(i));
  ColumnRows expected;
  for (const auto& [key, distinct] : values) expected[key] = {std::to_string(distinct.size())};
  for (const std::uint64_t memory_bytes : {256U << 20, 1U << 20}) {
    auto shuffle = shuffle_of({.kind = Kind::kDistinct}, AggregatedTo::kResult, memory_bytes);
    BlockOutput block;
    block.lines.emplace_back().append(lines.view());
    ASSERT_TRUE(shuffle->sink()->commit(std::move(block)).ok());
    ASSERT_TRUE(shuffle->finish().ok());
    EXPECT_EQ(shuffle->spilled_runs() > 0, memory_bytes == 1U << 20);
    EXPECT_EQ(rows_of(*shuffle->groups(0).value()), expected);
  }
}

TEST(Columns, AreAggregatedEachInItsOwnWay) {
  PairLines pairs;
  for (const char* number : {"3", "10", "2.5"}) {
    for (std::size_t column : {0U, 1U, 2U, 4U, 5U, 7U, 8U, 9U, 10U, 11U}) pairs.add("a\0"s, column, number);
    pairs.add("a\0"s, 12, number + "\0of "s + number);
  }
  for (const char* text : {"x", "", "x", "y"}) {
    pairs.add("a\0"s, 3, text);
    pairs.add("a\0"s, 6, text);
  }
  pairs.add("b\0"s, 0, "");
  std::vector<BlockOutput> blocks;
  blocks.push_back(pairs.take());
  ColumnRows rows = aggregate(std::move(blocks), AggregatedTo::kResult);
  EXPECT_THAT(rows["a\0"s], ElementsAre("3", "15.5", "3", "3", "5.166666666666667", R"(["10", "3"])",
                                        R"(["", "x", "y"])", "2.5", "4.193248541803041", "3", "2.5",
                                        R"(["3", "10", "2.5"])", R"([["10", "of 10"], ["3", "of 3"]])"));
  std::vector<std::string> nothing(kAll.columns.size(), std::string(kNoResult));
  nothing[0] = "1";
  nothing[3] = "0";
  EXPECT_EQ(rows["b\0"s], nothing);
}

std::vector<BlockOutput> random_blocks(std::mt19937& random, std::size_t count) {
  std::vector<BlockOutput> blocks;
  PairLines pairs;
  for (std::size_t i = 0; i < count; ++i) {
    for (int line = 0; line < 200; ++line) {
      const std::string key = fmt::format("k{}", random() % 7) + (random() % 2 == 0 ? "\0x"s : "\0"s);
      const std::size_t column = random() % kAll.columns.size();
      const std::string number = random() % 3 == 0 ? fmt::format("-{}.5", random() % 90) : fmt::format("{}", random());
      pairs.add(key, column, column == 12 ? number + "\0label"s : number);
    }
    blocks.push_back(pairs.take());
    blocks.back().address = {.input = static_cast<InputOrdinal>(i / 3), .number = static_cast<std::uint32_t>(i % 3)};
  }
  return blocks;
}

std::vector<BlockOutput> copy_of(const std::vector<BlockOutput>& blocks, std::size_t begin, std::size_t end) {
  std::vector<BlockOutput> copies;
  for (std::size_t i = begin; i < end; ++i) {
    Buffer lines;
    lines.append(blocks[i].lines.front().view());
    copies.emplace_back(BlockOutput{.address = blocks[i].address, .last_input = 0, .lines = {}});
    copies.back().lines.push_back(std::move(lines));
  }
  return copies;
}

TEST(Columns, TakeAllValuesOfARecordAtOnce) {
  auto shuffle = shuffle_of(kAll, AggregatedTo::kResult, 64 << 20, nullptr);
  for (int block = 0; block < 2; ++block) {
    Buffer lines;
    append_pair("k\0os"s, kBetweenInside,
                "A\xff"
                "B1\xff"
                "C7\xff"
                "Dx",
                lines);
    append_pair("other\0"s, kBetweenInside, "Dy", lines);
    append_pair("k\0os"s, kBetweenInside,
                "A\xff"
                "B-3\xff"
                "D",
                lines);
    BlockOutput output;
    output.lines.push_back(std::move(lines));
    ASSERT_TRUE(shuffle->sink()->commit(std::move(output)).ok());
  }
  ASSERT_TRUE(shuffle->finish().ok());
  ColumnRows rows = rows_of(*shuffle->groups(0).value());
  rows["k\0os"s].resize(4);
  EXPECT_THAT(rows["k\0os"s], ElementsAre("4", "-4", "7", "2"));
  EXPECT_EQ(rows["other\0"s].at(3), "1");
}

TEST(GroupStates, KeepOneStateForEachColumnOfAGroup) {
  GroupStates groups;
  for (int round = 0; round < 2; ++round) {  // of which the second must not see the first
    groups.begin(1000, 2);
    std::map<std::string, std::size_t> wanted;
    std::vector<std::string> keys;  // which are borrowed
    for (int i = 0; i < 1000; ++i) keys.push_back(std::to_string(i * i % 613));
    for (const std::string& key : keys) {
      // Keys share hashes.
      groups.of(key, static_cast<std::uint32_t>(key.size())).of_columns[1].push_back('x');
      ++wanted[key];
    }
    EXPECT_EQ(groups.groups().size(), wanted.size());
    for (const GroupStates::Group& group : groups.groups()) {
      EXPECT_EQ(group.of_columns[0], "");
      EXPECT_EQ(group.of_columns[1].size(), wanted[std::string(group.key)]);
    }
  }
}

TEST(Columns, GiveTheSameThroughTermsAndRuns) {
  std::mt19937 random(4);
  const std::vector<BlockOutput> blocks = random_blocks(random, 40);
  const ColumnRows expected = aggregate(copy_of(blocks, 0, 40), AggregatedTo::kResult);
  ASSERT_EQ(expected.size(), 14U);
  EXPECT_EQ(aggregate(copy_of(blocks, 0, 40), AggregatedTo::kResult, 1), expected);
  std::vector<BlockOutput> shuffled = copy_of(blocks, 0, 40);
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  EXPECT_EQ(aggregate(std::move(shuffled), AggregatedTo::kResult), expected);
  ColumnRows terms = aggregate(copy_of(blocks, 0, 13), AggregatedTo::kTerms);
  for (auto& [key, more] : again(aggregate(copy_of(blocks, 13, 40), AggregatedTo::kTerms), AggregatedTo::kTerms)) {
    terms[key].insert(terms[key].end(), more.begin(), more.end());
  }
  EXPECT_EQ(again(terms, AggregatedTo::kResult), expected);
}

TEST(Columns, CompareNumbersExactlyAtARank) {
  const Aggregation median{.kind = Kind::kQuantile, .quantile_ppm = 500'000};
  auto shuffle = shuffle_of(median, AggregatedTo::kResult, 64 << 20);
  Buffer lines;
  for (const char* number : {"9007199254740995", "9007199254740993.5", "9007199254740993", "-0", "1e400"}) {
    append_pair("k", kBetweenInside, number, lines);
  }
  BlockOutput block;
  block.lines.push_back(std::move(lines));
  ASSERT_TRUE(shuffle->sink()->commit(std::move(block)).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_THAT(rows_of(*shuffle->groups(0).value())["k"], ElementsAre("9007199254740993.5"));
}

class BadRecords final : public EventSink {
 public:
  void emit(const event::Event& event) override { reasons.push_back(std::get<event::RecordBad>(event).reason); }
  std::vector<std::string> reasons;
};

TEST(Columns, SayWhichValueIsNoNumber) {
  BadRecords events;
  auto shuffle = shuffle_of({.kind = Kind::kQuantile, .quantile_ppm = 1}, AggregatedTo::kResult, 64 << 20, &events);
  Buffer lines;
  for (const char* value : {"nan", "7", "x"}) append_pair("k", kBetweenInside, value, lines);
  BlockOutput block;
  block.lines.push_back(std::move(lines));
  ASSERT_TRUE(shuffle->sink()->commit(std::move(block)).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_THAT(rows_of(*shuffle->groups(0).value())["k"], ElementsAre("7"));
  EXPECT_THAT(events.reasons, ElementsAre(HasSubstr("the value 'nan' of the key 'k'"), HasSubstr("the value 'x'")));
}

TEST(Columns, RefuseWhatAnotherJobWrote) {
  const Columns columns(kAll, AggregatedFrom::kValues);
  PairKeyLines values;
  auto problem = [&](std::string_view key, std::string_view value) {
    GroupStates groups;
    groups.begin(1, columns.count());
    return columns.add(groups.of(key, 0), value, "", values);
  };
  EXPECT_THAT(problem("k\0os"s, "Bmuch"),
              "aggregate.sum got the value 'much' of the group 'k, os', which is not a number");
  for (const std::string& key : {"k"s, "k\0x\0y"s, ""s}) {
    EXPECT_THAT(problem(key, "A"), HasSubstr("this is not what quern map writes for this job")) << key;
  }
  for (const char* value : {"", "Z1", "5"}) {
    EXPECT_THAT(problem("k\0"s, value), HasSubstr("it has other columns")) << value;
  }
  EXPECT_TRUE(values.empty());
}

class BadGroups final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    const auto& bad = std::get<event::GroupBad>(event);
    groups.push_back(bad.key + ": " + bad.reason);
  }
  std::vector<std::string> groups;
};

TEST(Columns, ReportTextsAmongTheNumbersOfAnExtreme) {
  BadGroups events;
  auto shuffle = shuffle_of(kAll, AggregatedTo::kResult, 64 << 20, &events);
  PairLines pairs;
  for (const char* value : {"x", "2", "1"}) pairs.add("k\0os"s, 7, value);
  for (const char* value : {"y", "x"}) pairs.add("text\0"s, 7, value);
  ASSERT_TRUE(shuffle->sink()->commit(pairs.take()).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  ColumnRows rows = rows_of(*shuffle->groups(0).value());
  EXPECT_EQ(rows["k\0os"s].at(7), "1");
  EXPECT_EQ(rows["text\0"s].at(7), "x");
  EXPECT_THAT(events.groups,
              ElementsAre(HasSubstr("k, os: aggregate.least got numbers, and other values such as 'x'")));
}

TEST(Columns, CountDamagedTermsToTheEndOfNumbers) {
  ColumnRows terms;
  // 2^16 times 2^48 would come round to 0, by which a mean is divided.
  terms["k\0"s].assign(std::size_t{1} << 16, "E:281474976710656 9007199254740993 1");
  EXPECT_NE(again(terms, AggregatedTo::kResult)["k\0"s].at(4), kNoResult);
}

TEST(Columns, RefuseWhatIsNoTerm) {
  const Columns columns(kAll, AggregatedFrom::kTerms);
  for (const char* term : {"", "A", "A:", "A:x", "A=1 x", "C:1", "C=1", "C=1 x", "C=0 1", "D= 1", "D=x y", "D=1", "z:1",
                           "~:1", "A:281474976710657", "E:18446744073709551615 1", "D=18446744073709551615 x"}) {
    PairKeyLines values;
    GroupStates groups;
    groups.begin(1, columns.count());
    const std::string key = "k\0"s;
    GroupStates::Group& group = groups.of(key, 0);
    EXPECT_NE(columns.add(group, term, "", values), "") << term;
    columns.append_states(group, values);
    EXPECT_TRUE(values.empty()) << term;
  }
}

}  // namespace
}  // namespace quern::shuffle

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <compare>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "arithmetic/number.h"
#include "stages/shuffle/shuffle.h"

namespace quern::shuffle {
namespace {

using ::testing::HasSubstr;
using Kind = Aggregation::Kind;
using Groups = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct TestBlock {
  BlockAddress address;
  std::vector<std::pair<std::string, std::string>> pairs;
};

std::string random_value(std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      return std::to_string(random());
    case 1:
      return fmt::format("{}", static_cast<double>(random() % 10000) / 10);
    case 2:
      return fmt::format("-92233720368547758{:02}", random() % 8);
    default:
      return std::to_string(random() % 5);
  }
}

std::string random_key(std::mt19937& random, std::uint32_t keys) {
  auto number = static_cast<std::uint32_t>(random() % keys);
  return number == 7 && keys > 9 ? std::string(70'000, 'l') : std::to_string(number);
}

std::vector<TestBlock> make_blocks(std::uint32_t keys, std::mt19937& random) {
  std::vector<TestBlock> blocks(60);
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    blocks[i].address = {.input = i / 4, .number = i % 4};
    for (int line = 0; line < 100; ++line) blocks[i].pairs.emplace_back(random_key(random, keys), random_value(random));
  }
  return blocks;
}

// Of equal numbers, the first text stands for all.
bool is_less_or_shown_first(const std::string& left, const std::string& right) {
  auto written = [](const std::string& text) {
    return WrittenNumber{.nearest = parse_number(text).floating, .text = text};
  };
  const std::weak_ordering order = compare(written(left), written(right));
  return order < 0 || (order == 0 && left < right);
}

std::vector<std::string> reference(const std::vector<std::string>& values, const Aggregation& aggregation) {
  std::vector<std::string> result;
  if (aggregation.kind == Kind::kUnique) {
    std::set<std::string> distinct(values.begin(), values.end());
    return {distinct.begin(), distinct.end()};
  }
  if (aggregation.kind == Kind::kDistinct) {
    return {std::to_string(std::set<std::string>(values.begin(), values.end()).size())};
  }
  if (aggregation.kind == Kind::kQuantile) {
    std::vector<std::string> sorted = values;
    std::sort(sorted.begin(), sorted.end(), is_less_or_shown_first);
    return {sorted[std::max<std::size_t>(1, (sorted.size() * aggregation.quantile_ppm + 999'999) / 1'000'000) - 1]};
  }
  std::string state;
  for (const std::string& value : values) EXPECT_TRUE(Aggregator(aggregation).add(state, value));
  Aggregator(aggregation).finish(state, result);
  return result;
}

Groups expected_of(const std::vector<TestBlock>& blocks, const Aggregation& aggregation) {
  std::map<std::string, std::vector<std::string>> values;
  for (const TestBlock& block : blocks) {
    for (auto& [key, value] : block.pairs) values[key].push_back(value);
  }
  Groups groups;
  for (auto& [key, all] : values) groups.emplace_back(key, reference(all, aggregation));
  return groups;
}

BlockOutput output_of(const TestBlock& block) {
  BlockOutput output{.address = block.address, .last_input = block.address.input};
  Buffer& lines = output.lines.emplace_back();
  for (auto& [key, value] : block.pairs) lines.append(fmt::format("{} {}\n", key, value));
  return output;
}

Groups read_all(Shuffle& shuffle, std::size_t partitions) {
  Groups read;
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    auto groups = shuffle.groups(partition).value();
    while (groups->next_group().value()) {
      read.emplace_back(std::string(groups->key()), std::vector<std::string>());
      while (groups->next_value().value()) read.back().second.emplace_back(groups->value());
    }
  }
  std::sort(read.begin(), read.end());
  return read;
}

struct Circumstances {
  std::uint64_t memory_bytes = 0;
  std::size_t partitions = 1;
  std::size_t threads = 1;
};

void commit_in_any_order(Shuffle& shuffle, std::vector<TestBlock> blocks, const Circumstances& now,
                         std::mt19937& random) {
  std::shuffle(blocks.begin(), blocks.end(), random);
  std::vector<std::jthread> mappers;
  for (std::size_t mapper = 0; mapper < now.threads; ++mapper) {
    mappers.emplace_back([&, mapper] {
      auto sink = shuffle.sink();
      for (std::size_t i = mapper; i < blocks.size(); i += now.threads) {
        EXPECT_TRUE(sink->commit(output_of(blocks[i])).ok());
      }
    });
  }
}

TEST(Aggregation, GivesTheSameInAllCircumstances) {
  const std::vector<Aggregation> aggregations = {{.kind = Kind::kSum},
                                                 {.kind = Kind::kCount},
                                                 {.kind = Kind::kMin},
                                                 {.kind = Kind::kMax},
                                                 {.kind = Kind::kMean},
                                                 {.kind = Kind::kStddev},
                                                 {.kind = Kind::kUnique},
                                                 {.kind = Kind::kDistinct},
                                                 {.kind = Kind::kQuantile, .quantile_ppm = 0},
                                                 {.kind = Kind::kQuantile, .quantile_ppm = 667'000},
                                                 {.kind = Kind::kQuantile, .quantile_ppm = 1'000'000},
                                                 {.kind = Kind::kTop, .top_count = 3}};
  const std::vector<Circumstances> circumstances = {{.memory_bytes = 1 << 30},
                                                    {.memory_bytes = 1},
                                                    {.memory_bytes = 400 << 10, .partitions = 3, .threads = 3},
                                                    {.memory_bytes = 1 << 30, .partitions = 3, .threads = 3},
                                                    {.memory_bytes = 16 << 20, .threads = 2},
                                                    {.memory_bytes = 400 << 10, .threads = 2}};
  for (const Aggregation& aggregation : aggregations) {
    for (std::uint32_t keys : {9U, 2000U}) {
      std::mt19937 random(keys);
      auto blocks = make_blocks(keys, random);
      Groups expected = expected_of(blocks, aggregation);
      for (std::size_t i = 0; i < circumstances.size(); ++i) {
        const Circumstances& now = circumstances[i];
        auto shuffle = Shuffle::make({.separator = " ",
                                      .partitions = now.partitions,
                                      .memory_bytes = now.memory_bytes,
                                      .scratch_folder = ::testing::TempDir(),
                                      .threads = now.threads,
                                      .aggregation = aggregation});
        commit_in_any_order(*shuffle, blocks, now, random);
        ASSERT_TRUE(shuffle->finish().ok());
        EXPECT_TRUE(read_all(*shuffle, now.partitions) == expected)
            << name_of(aggregation.kind) << ", " << keys << " keys, circumstances " << i;
      }
    }
  }
}

// Two sinks emit `keys` keys each, and each key must come back once, in order.
void expect_order_of(std::uint32_t keys, std::uint64_t memory_bytes, std::size_t spilled_at_least) {
  auto shuffle = Shuffle::make({.separator = " ",
                                .memory_bytes = memory_bytes,
                                .scratch_folder = ::testing::TempDir(),
                                .threads = 2,
                                .aggregation = Aggregation{.kind = Kind::kSum}});
  std::vector<std::jthread> mappers;
  for (std::uint32_t mapper = 0; mapper < 2; ++mapper) {
    mappers.emplace_back([&, mapper] {
      auto sink = shuffle->sink();
      for (std::uint32_t begin = 0; begin < keys; begin += 50'000) {
        BlockOutput output{.address = {mapper, begin}, .last_input = mapper};
        Buffer& lines = output.lines.emplace_back();
        for (std::uint32_t i = begin; i < std::min(begin + 50'000, keys); ++i) {
          // Neighbouring keys are far apart, and no key appears twice.
          lines.append(fmt::format("{:08x} {}\n", i * 2654435761U, i % 1000 + mapper));
        }
        EXPECT_TRUE(sink->commit(std::move(output)).ok());
      }
    });
  }
  mappers.clear();
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_GE(shuffle->spilled_runs(), spilled_at_least);
  auto groups = shuffle->groups(0).value();
  std::vector<std::uint32_t> numbers(keys);
  for (std::uint32_t i = 0; i < keys; ++i) numbers[i] = i * 2654435761U;
  std::sort(numbers.begin(), numbers.end());
  for (std::uint32_t number : numbers) {
    ASSERT_TRUE(groups->next_group().value());
    ASSERT_EQ(groups->key(), fmt::format("{:08x}", number));
    ASSERT_TRUE(groups->next_value().value());
    // 2654435761 * 244002641 is 1 modulo 2^32.
    ASSERT_EQ(groups->value(), std::to_string(number * 244002641U % 1000 * 2 + 1));
    ASSERT_FALSE(groups->next_value().value());
  }
  EXPECT_FALSE(groups->next_group().value());
}

TEST(Aggregation, GivesTheKeysOfSeveralTablesInOrder) { expect_order_of(150'000, 256 << 20, 0); }

TEST(Aggregation, GivesTheKeysOfSpilledAndKeptTablesInOrder) { expect_order_of(800'000, 36 << 20, 2); }

class BadLines final : public EventSink {
 public:
  void emit(const event::Event& event) override { bad.push_back(std::get<event::RecordBad>(event)); }
  std::vector<event::RecordBad> bad;
};

TEST(Aggregation, NamesTheInputOfAValueThatIsNoNumber) {
  BadLines events;
  auto shuffle = Shuffle::make({.separator = " ",
                                .memory_bytes = 16 << 20,
                                .scratch_folder = ::testing::TempDir(),
                                .aggregation = Aggregation{.kind = Kind::kSum},
                                .events = &events});
  ASSERT_TRUE(shuffle->sink()->commit(output_of({{0, 0}, {{"k", "1"}}})).ok());
  ASSERT_TRUE(shuffle->sink()->commit(output_of({{3, 0}, {{"k", "much"}, {"new", ""}, {"k", "2"}}})).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_EQ(read_all(*shuffle, 1), (Groups{{"k", {"3"}}}));
  ASSERT_EQ(events.bad.size(), 2U);
  for (const event::RecordBad& bad : events.bad) EXPECT_EQ(bad.input, 3U);
  std::sort(events.bad.begin(), events.bad.end(), [](const auto& a, const auto& b) { return a.record < b.record; });
  EXPECT_EQ(events.bad[0].record, "k much");
  EXPECT_THAT(events.bad[0].reason, HasSubstr("got the value 'much' of the key 'k', which is not a number"));
  EXPECT_EQ(events.bad[1].record, "new ");
}

TEST(Aggregation, ListChangesNothing) {
  auto shuffle =
      Shuffle::make({.separator = " ", .memory_bytes = 16 << 20, .aggregation = Aggregation{.kind = Kind::kList}});
  ASSERT_TRUE(shuffle->sink()->commit(output_of({{0, 0}, {{"k", "2"}, {"k", "1"}, {"k", "2"}}})).ok());
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_EQ(read_all(*shuffle, 1), (Groups{{"k", {"2", "1", "2"}}}));
}

}  // namespace
}  // namespace quern::shuffle

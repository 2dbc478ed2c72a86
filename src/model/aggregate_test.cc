#include "model/aggregate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "arithmetic/exact_sum.h"

#include "model/column_value.h"

namespace quern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;
using Kind = Aggregation::Kind;
using Values = std::vector<std::string>;

Values aggregate(Aggregation aggregation, const Values& values) {
  Aggregator aggregator(aggregation);
  std::string state;
  for (const std::string& value : values) EXPECT_TRUE(aggregator.add(state, value)) << value;
  Values finished;
  aggregator.finish(state, finished);
  return finished;
}

std::string sum(const Values& values) { return aggregate({.kind = Kind::kSum}, values).at(0); }
std::string mean(const Values& values) { return aggregate({.kind = Kind::kMean}, values).at(0); }

TEST(Sum, IsExactAndPrintedAsPythonDoes) {
  struct Row {
    const char* name;
    Values values;
    std::string sum;  // the floating ones by Python's repr(math.fsum(map(float, values)))
  };
  const std::vector<Row> rows = {
      {"integers", {"1", "-2", "+4", " 5 "}, "8"},
      {"one integer", {"007"}, "7"},
      {"beyond 64 bits", {"9223372036854775807", "1", "9223372036854775807"}, "18446744073709551615"},
      {"back into 64 bits", {"9223372036854775807", "1", "-9223372036854775807"}, "1"},
      {"below 64 bits", {"-9223372036854775808", "-1"}, "-9223372036854775809"},
      {"long", {"100000000000000000000000000000", "-1"}, "99999999999999999999999999999"},
      {"tenths", {"0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"}, "1.0"},
      {"what rounding loses", {"1e100", "1", "-1e100"}, "1.0"},
      {"ties to even", {"9007199254740992.0", "1"}, "9007199254740992.0"},
      {"a little above the tie", {"9007199254740992.0", "1", "1e-300"}, "9007199254740994.0"},
      {"subnormal", {"5e-324", "5e-324"}, "1e-323"},
      {"past the largest and back", {"1.7e308", "1.7e308", "-1.7e308"}, "1.7e+308"},
      {"past the largest", {"1.7e308", "1.7e308"}, "inf"},
      {"large and small", {"1.7e308", "1.7e308", "-1.7e308", "-1.7e308", "0.25"}, "0.25"},
      {"integer and floating", {"1", "0.5"}, "1.5"},
      {"long integer and floating", {"9223372036854775807", "9223372036854775807", "2.0"}, "1.8446744073709552e+19"},
      {"whole", {"1.0", "2.0"}, "3.0"},
      {"large whole", {"1e16"}, "1e+16"},
      {"below that", {"1e15"}, "1000000000000000.0"},
      {"small", {"0.0001"}, "0.0001"},
      {"smaller", {"0.00001"}, "1e-05"},
      {"nothing left", {"0.5", "-0.5"}, "0.0"},
      {"infinity", {"inf", "1"}, "inf"},
      {"minus infinity", {"-Infinity", "1e308"}, "-inf"},
      {"both", {"inf", "-inf"}, "nan"},
      {"no number", {"nan", "1"}, "nan"},
      {"too large for a double", {"1e400"}, "inf"},
  };
  for (const Row& row : rows) EXPECT_EQ(sum(row.values), row.sum) << row.name;
}

TEST(Mean, RoundsOnce) {
  EXPECT_EQ(mean({"1", "2"}), "1.5");
  EXPECT_EQ(mean({"2", "2"}), "2.0");
  EXPECT_EQ(mean({"1", "1", "2"}), "1.3333333333333333");
  EXPECT_EQ(mean({"9223372036854775807", "9223372036854775807"}), "9.223372036854776e+18");
  EXPECT_EQ(mean({"1.7e308", "1.7e308"}), "1.7e+308");
  EXPECT_EQ(mean({"5e-324", "0"}), "0.0");
  EXPECT_EQ(mean({"5e-324", "5e-324", "0"}), "5e-324");
}

TEST(Sum, RefusesWhatIsNoNumber) {
  Aggregator aggregator({.kind = Kind::kSum});
  for (const char* value : {"", "x", "1x", "0x10", "--1", "+-1", "1 2", "nan(1)", "1_000", "."}) {
    std::string state;
    EXPECT_FALSE(aggregator.add(state, value)) << value;
  }
  EXPECT_THAT(not_a_number({.kind = Kind::kSum}, "k", "x"), HasSubstr("got the value 'x' of the key 'k'"));
  EXPECT_EQ(
      not_a_number({.kind = Kind::kSum}, "lines 6", "", "\t"),
      "the line 'lines 6' has no separator (TAB) between key and value, or nothing after it; {builtin: sum} needs "
      "a number");
}

TEST(Extremes, CompareNumbersAndOnlyWithoutThemBytes) {
  EXPECT_THAT(aggregate({.kind = Kind::kMin}, {"10", "9", "11"}), ElementsAre("9"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"10", "9.5", "1e1"}), ElementsAre("10"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"9007199254740993", "9007199254740992.0"}),
              ElementsAre("9007199254740993"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"18446744073709551613", "18446744073709551615"}),
              ElementsAre("18446744073709551615"));
  EXPECT_THAT(aggregate({.kind = Kind::kMin}, {"-9223372036854775808", "-9223372036854775809"}),
              ElementsAre("-9223372036854775809"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"1e400", "1e399", "10"}), ElementsAre("1e400"));
  EXPECT_THAT(aggregate({.kind = Kind::kMin}, {"10", "9", "x"}), ElementsAre("9"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"10", "9", ""}), ElementsAre("10"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"nan", "9"}), ElementsAre("9"));
  EXPECT_THAT(aggregate({.kind = Kind::kMax}, {"b", "nan", "a"}), ElementsAre("nan"));
}

TEST(Top, KeepsTheLargestAndEqualOnesInByteOrder) {
  EXPECT_THAT(aggregate({.kind = Kind::kTop, .top_count = 3}, {"1", "10", "2", "1e1", "9"}),
              ElementsAre("10", "1e1", "9"));
  EXPECT_THAT(aggregate({.kind = Kind::kTop, .top_count = 3}, {"1", "1"}), ElementsAre("1", "1"));
  EXPECT_THAT(aggregate({.kind = Kind::kTop, .top_count = 3},
                        {"18446744073709551614", "18446744073709551615", "18446744073709551613"}),
              ElementsAre("18446744073709551615", "18446744073709551614", "18446744073709551613"));
}

TEST(Top, OrdersEqualNumbersByTheirLabels) {
  const Aggregation top{.kind = Kind::kTop, .top_count = 3, .has_label = true};
  EXPECT_THAT(aggregate(top, {"5.0\0b"s, "5\0c"s, "5\0a"s, "10\0z"s, "4\0"s}),
              ElementsAre("10\0z"s, "5\0a"s, "5.0\0b"s));
  std::string state;
  EXPECT_FALSE(Aggregator(top).add(state, "x\0a"s));
  EXPECT_FALSE(Aggregator({.kind = Kind::kTop, .top_count = 3}).add(state, "5\0a"s));
}

TEST(Stddev, IsThatOfASampleRoundedOnce) {
  EXPECT_THAT(aggregate({.kind = Kind::kStddev}, {"2", "10", "2"}), ElementsAre("4.618802153517006"));
  EXPECT_THAT(aggregate({.kind = Kind::kStddev}, {"2"}), ElementsAre(kNoResult));
}

TEST(FirstAndLast, FollowThePositions) {
  std::vector<std::string> placed;
  for (std::uint64_t place : {500U, 3U, 70000U}) {
    append_position(1, 0, place, placed.emplace_back());
    placed.back() += fmt::format("value {}", place);
  }
  append_position(0, 900, 1, placed.emplace_back());
  placed.back() += "of the first input";
  EXPECT_THAT(aggregate({.kind = Kind::kFirst}, placed), ElementsAre("of the first input"));
  EXPECT_THAT(aggregate({.kind = Kind::kLast}, placed), ElementsAre("value 70000"));
}

// Few additions may be expensive: those that add_in_place() refuses, because the state must grow or its lesser half is
// dropped.
TEST(Top, TouchesAllThatItHoldsOnlySeldom) {
  constexpr std::size_t kWanted = 1000;
  constexpr std::size_t kValues = 100'000;
  const Aggregator top({.kind = Kind::kTop, .top_count = kWanted});
  std::mt19937 random(4);
  for (const char* order : {"ascending", "descending", "random"}) {
    Values numbers(kValues);
    for (std::size_t i = 0; i < kValues; ++i) numbers[i] = std::to_string(100'000 + i);
    if (std::string_view(order) == "descending") std::reverse(numbers.begin(), numbers.end());
    if (std::string_view(order) == "random") std::shuffle(numbers.begin(), numbers.end(), random);
    std::string state;
    std::size_t refused = 0;
    for (const std::string& number : numbers) {
      if (top.add_in_place({state.data(), state.size()}, number)) continue;
      ++refused;
      ASSERT_TRUE(top.add(state, number));
    }
    EXPECT_LT(refused, kValues / kWanted + 20) << order;
    EXPECT_LT(state.size(), 128 << 10) << order;
    Values kept;
    top.finish(state, kept);
    ASSERT_EQ(kept.size(), kWanted) << order;
    EXPECT_EQ(kept.front(), "199999") << order;
    EXPECT_EQ(kept.back(), "199000") << order;
  }
}

// Random values of all kinds and sizes.
std::string random_value(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0:
      return fmt::format("{}", static_cast<std::int64_t>(random()));
    case 1:
      return fmt::format("{}", static_cast<int>(random() % 20) - 10);
    case 2:
      return fmt::format("{}{}", random() >> 1, random() >> 1);
    case 3:
      return fmt::format("{}", std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 2000) - 1074));
    default:
      return fmt::format("-{}", static_cast<double>(random() % 1000) / 10);
  }
}

// Distributes the values at random over several states, in random order, and merges the states.
Values aggregate_in_parts(Aggregation aggregation, Values values, std::mt19937_64& random) {
  std::shuffle(values.begin(), values.end(), random);
  Aggregator aggregator(aggregation);
  std::vector<std::string> states(1 + random() % 5);
  for (const std::string& value : values) {
    EXPECT_TRUE(aggregator.add(states[random() % states.size()], value)) << value;
  }
  std::string all;
  for (const std::string& state : states) {
    if (!state.empty()) aggregator.merge(all, state);
  }
  Values finished;
  aggregator.finish(all, finished);
  return finished;
}

TEST(NotANumber, NamesARankAsAJobDoes) {
  EXPECT_THAT(not_a_number({.kind = Kind::kQuantile, .quantile_ppm = 999'000}, "k", "x"),
              HasSubstr("{builtin: p99.9}"));
}

TEST(LineFeeds, AreHiddenAndShownAgainWithoutAChangeOfOrder) {
  std::mt19937 random(17);
  std::string last;
  std::string last_hidden;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left) text += "\t\n\v\f\x01\x02z"[random() % 7];
    std::string hidden = text;
    hide_line_feeds(hidden);
    EXPECT_EQ(hidden.find('\n'), std::string::npos);
    EXPECT_EQ(hidden < last_hidden, text < last);
    std::string shown;
    append_shown(hidden, "\n", shown);
    EXPECT_EQ(shown, text);
    last = text;
    last_hidden = hidden;
  }
}

TEST(Aggregator, GivesTheSameWhateverTheOrderAndTheGrouping) {
  std::mt19937_64 random(7);
  const std::vector<Aggregation> aggregations = {{.kind = Kind::kSum},   {.kind = Kind::kCount},
                                                 {.kind = Kind::kMin},   {.kind = Kind::kMax},
                                                 {.kind = Kind::kMean},  {.kind = Kind::kTop, .top_count = 4},
                                                 {.kind = Kind::kStddev}};
  for (int round = 0; round < 300; ++round) {
    Values values(1 + random() % 40);
    for (std::string& value : values) value = random_value(random);
    for (const Aggregation& aggregation : aggregations) {
      Values expected = aggregate(aggregation, values);
      EXPECT_EQ(aggregate_in_parts(aggregation, values, random), expected) << name_of(aggregation.kind);
    }
  }
}

// As map tasks and a reduce task do it: the result of each part of the values is written as terms.
Values aggregate_by_terms(Aggregation aggregation, const Values& values, std::mt19937_64& random) {
  Aggregator aggregator(aggregation);
  std::vector<std::string> states(1 + random() % 5);
  for (const std::string& value : values) {
    EXPECT_TRUE(aggregator.add(states[random() % states.size()], value)) << value;
  }
  Values terms;
  for (const std::string& state : states) {
    if (!state.empty()) aggregator.append_terms(state, terms);
  }
  std::string all;
  for (const std::string& term : terms) EXPECT_TRUE(aggregator.add_term(all, term)) << term;
  Values finished;
  aggregator.finish(all, finished);
  if (aggregator.terms_are_values()) {
    EXPECT_EQ(aggregate(aggregation, terms), finished);
  }
  return finished;
}

TEST(Aggregator, ComesToTheSameByTermsOfParts) {
  std::mt19937_64 random(9);
  const std::vector<Aggregation> aggregations = {{.kind = Kind::kSum},   {.kind = Kind::kCount},
                                                 {.kind = Kind::kMin},   {.kind = Kind::kMax},
                                                 {.kind = Kind::kMean},  {.kind = Kind::kTop, .top_count = 4},
                                                 {.kind = Kind::kStddev}};
  for (int round = 0; round < 1000; ++round) {
    Values values(1 + random() % 40);
    for (std::string& value : values) value = random_value(random);
    for (const Aggregation& aggregation : aggregations) {
      Values some = values;
      if (!needs_numbers(aggregation.kind) && round % 3 == 0) some[random() % some.size()] = "text";
      EXPECT_EQ(aggregate_by_terms(aggregation, some, random), aggregate(aggregation, some))
          << name_of(aggregation.kind) << " of " << fmt::format("{}", fmt::join(some, " "));
    }
  }
}

TEST(Sum, KeepsHugeAndSpecialTerms) {
  const std::vector<Values> rows = {
      {"1e308", "1e308", "1e308", "-1e308", "1"},      {"nan", "1"}, {"inf", "2.5"}, {"-inf", "inf"}, {"1.5", "-1.5"},
      {"123456789012345678901234567890", "1", "0.25"}, {"0", "0"}};
  std::mt19937_64 random(10);
  for (const Values& row : rows) {
    for (Kind kind : {Kind::kSum, Kind::kMean}) {
      EXPECT_EQ(aggregate_by_terms({.kind = kind}, row, random), aggregate({.kind = kind}, row)) << row[0];
    }
  }
}

TEST(Aggregator, RefusesWhatIsNoTerm) {
  const std::vector<std::pair<Kind, Values>> rows = {
      {Kind::kCount, {"", "0", "-1", "1.5", "1 2", "x", "18446744073709551616"}},
      {Kind::kStddev, {"", "0", "0 0 1 1", "x", "2 1 1 1", "2 0 1"}},
      {Kind::kMean, {"", "2", "2 ", "0 1", "2 x", "2  1", "2\t1", "2 1 "}},
      {Kind::kSum, {"x"}}};
  for (const auto& [kind, terms] : rows) {
    Aggregator aggregator({.kind = kind});
    std::string state;
    aggregator.add(state, "1");
    const std::string before = state;
    for (const std::string& term : terms) EXPECT_FALSE(aggregator.add_term(state, term)) << term;
    EXPECT_EQ(state, before);
  }
}

// Computes the sum in exact integers: every double here is a multiple of 2^-100 below 2^20.
TEST(Sum, RoundsTheExactSumToTheNearest) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 2000; ++round) {
    __int128 exact = 0;
    Values values;
    for (std::size_t i = 0; i < 1 + random() % 20; ++i) {
      auto mantissa = static_cast<std::int64_t>(random()) >> 11;
      auto shift = static_cast<unsigned>(random() % 60);
      exact += static_cast<__int128>(mantissa) << shift;
      values.push_back(fmt::format("{}", std::ldexp(static_cast<double>(mantissa), static_cast<int>(shift) - 100)));
    }
    // The conversion of a 128-bit integer rounds to nearest, half to even.
    EXPECT_EQ(sum(values), shortest_text(std::ldexp(static_cast<double>(exact), -100)));
  }
}

TEST(JsonString, EscapesAndReplaces) {
  std::string text;
  append_json_string(text, "a\"\\\t\xff\xc3\xa9");
  EXPECT_EQ(text, "\"a\\\"\\\\\\t\xef\xbf\xbd\xc3\xa9\"");
}

}  // namespace
}  // namespace quern

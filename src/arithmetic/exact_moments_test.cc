#include "arithmetic/exact_moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "arithmetic/exact_sum.h"

namespace quern {
namespace {

constexpr std::uint64_t kMost = 1'000'000;

std::string bytes_of(const std::vector<std::string>& numbers) {
  ExactMoments moments("");
  for (const std::string& number : numbers) moments.add(parse_number(number));
  std::string bytes;
  moments.append_to(bytes);
  return bytes;
}

std::string deviation_text(const ExactMoments& moments) {
  const auto deviation = moments.deviation();
  return deviation.has_value() ? shortest_text(*deviation) : "none";
}

// As Python's statistics.stdev computes them from fractions.
TEST(ExactMoments, RoundTheDeviationOnce) {
  struct Row {
    std::vector<std::string> numbers;
    std::string expected;
  };
  for (const Row& row :
       {Row{{}, "none"}, Row{{"7"}, "none"}, Row{{"7", "7.0", "70e-1"}, "0.0"}, Row{{"1", "2"}, "0.7071067811865476"},
        Row{{"1", "2", "3", "4"}, "1.2909944487358056"}, Row{{"0.1", "0.2", "0.3"}, "0.09999999999999999"},
        Row{{"1e16", "10000000000000001", "10000000000000002"}, "1.0"},
        Row{{"1e300", "-1e300"}, "1.4142135623730952e+300"}, Row{{"5e-324", "0"}, "5e-324"},
        Row{{"1000000000000000000000000000000", "1000000000000000000000000000007"}, "4.949747468305833"},
        Row{{"1", "nan"}, "nan"}, Row{{"1", "inf", "2"}, "nan"}}) {
    EXPECT_EQ(deviation_text(ExactMoments(bytes_of(row.numbers))), row.expected);
  }
}

TEST(ExactMoments, AreTheSameInAnyGroupingAndThroughBytesAndTerms) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> numbers;
    for (int i = 0; i < 9; ++i) {
      const bool is_small = random() % 3 == 0;
      numbers.push_back(
          is_small ? shortest_text(std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 400) - 200))
                   : std::to_string(random()) + std::string(random() % 20, '0'));
    }
    const std::string expected = deviation_text(ExactMoments(bytes_of(numbers)));
    ExactMoments joined("");
    for (std::size_t i = 0; i < numbers.size(); i += 3) {
      const ExactMoments part(bytes_of({numbers[i + 2], numbers[i], numbers[i + 1]}));
      if (i % 2 == 0) {
        joined.add(part);
      } else {
        EXPECT_TRUE(joined.add_term(part.term(), kMost));
      }
    }
    EXPECT_EQ(deviation_text(joined), expected);
  }
}

TEST(ExactMoments, RefuseWhatIsNoTerm) {
  for (const char* term : {"", "0 0 1 1", "x", "2 1 1 1", "2 -1075 1 1", "2 0 1", "2 0 x 1", "2 0 1 x", "2 0 1 1 ",
                           "1000001 0 1 1", "-2 0 1 1", "2 0 1 +1"}) {
    ExactMoments moments("");
    EXPECT_FALSE(moments.add_term(term, kMost)) << term;
    EXPECT_EQ(moments.term(), "0 0 0 0");
  }
}

TEST(ExactMoments, OfDamagedTermsAreFinite) {
  ExactMoments moments("");
  EXPECT_TRUE(moments.add_term("3 0 100 1", kMost));
  EXPECT_EQ(deviation_text(moments), "0.0");
}

}  // namespace
}  // namespace quern

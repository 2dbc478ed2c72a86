#include "arithmetic/number.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern {
namespace {

WrittenNumber written(std::string_view text) { return {.nearest = parse_number(text).floating, .text = text}; }

// From the smallest to the largest; all numbers in one row are equal.
const std::vector<std::vector<std::string>> kOrdered = {
    {"-inf", "-Infinity"},
    {"-1e999999999999999999999"},
    {"-1e401"},
    {"-1e400", "-10.0e399"},
    {"-18446744073709551617"},
    {"-18446744073709551616", "-18446744073709551616.0"},
    {"-9223372036854775809"},
    {"-9223372036854775808"},
    {"-1.5"},
    {"-1e-400"},
    {"0", "-0", "0.0", "-0.0", "0e5", "00", "+0", ".0"},
    {"1e-401"},
    {"1e-400", "0.1e-399"},
    {"0.1", ".1", "1e-1", "0.10"},
    {"0.1000000000000000000001"},
    {"1", "1.0", "01", "+1", " 1 ", "10e-1", "1.", "1E+0"},
    {"9007199254740992", "9007199254740992.0"},
    {"9007199254740993", "9007199254740993.0", "9007199254740993.000"},
    {"9007199254740993.5"},
    {"9223372036854775807"},
    {"9223372036854775808", "9.223372036854775808e18"},
    {"18446744073709551615"},
    {"18446744073709551616", "18446744073709551616.0"},
    {"18446744073709551617"},
    {"100000000000000000000000000000000000000001"},
    {"1e41000"},
    {"1e999999999999999999999"},
    {"inf", "infinity"},
};

TEST(WrittenNumber, ComparesByWhatIsWrittenWhateverTheLength) {
  for (std::size_t i = 0; i < kOrdered.size(); ++i) {
    for (std::size_t j = 0; j < kOrdered.size(); ++j) {
      for (const std::string& left : kOrdered[i]) {
        for (const std::string& right : kOrdered[j]) {
          std::weak_ordering order = compare(written(left), written(right));
          EXPECT_EQ(order < 0, i < j) << left << " and " << right;
          EXPECT_EQ(order == 0, i == j) << left << " and " << right;
        }
      }
    }
  }
}

}  // namespace
}  // namespace quern

#include "arithmetic/number.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern {
namespace {

using namespace std::string_literals;

std::string order_of(const std::string& value, bool is_descending) {
  std::string bytes;
  append_value_order(value, is_descending, bytes);
  return bytes;
}

// From the smallest to the largest; all numbers in one row are equal.
const std::vector<std::vector<std::string>> kNumbers = {{"-inf"},
                                                        {"-1e401"},
                                                        {"-18446744073709551617"},
                                                        {"-18446744073709551616", "-18446744073709551616.0"},
                                                        {"-12"},
                                                        {"-1.25"},
                                                        {"-1.2", "-1.20"},
                                                        {"-1e-400"},
                                                        {"0", "-0", "0.0", "00", "+0"},
                                                        {"1e-400", "0.1e-399"},
                                                        {"0.1", " .1 ", "0.10"},
                                                        {"0.1000000000000000000001"},
                                                        {"1", "1.0", "01", "+1", "10e-1"},
                                                        {"9"},
                                                        {"10", "1e1"},
                                                        {"9007199254740993"},
                                                        {"9007199254740993.5"},
                                                        {"1e999999999999999999999"},
                                                        {"inf"}};
const std::vector<std::vector<std::string>> kTexts = {{""},    {"\0"s}, {"\0\x01"s}, {"a"},
                                                      {"a b"}, {"ab"},  {"nan"},     {"\xff"}};

TEST(ValueOrder, SortsNumbersExactlyAndBeforeTexts) {
  for (bool is_descending : {false, true}) {
    for (const auto* rows : {&kNumbers, &kTexts}) {
      for (std::size_t i = 0; i < rows->size(); ++i) {
        for (std::size_t j = 0; j < rows->size(); ++j) {
          for (const std::string& left : (*rows)[i]) {
            for (const std::string& right : (*rows)[j]) {
              const std::string one = order_of(left, is_descending);
              const std::string other = order_of(right, is_descending);
              EXPECT_EQ(one < other, is_descending ? i > j : i < j) << left << " and " << right;
              EXPECT_EQ(one == other, i == j) << left << " and " << right;
            }
          }
        }
      }
    }
    for (const auto& numbers : kNumbers) {
      for (const auto& texts : kTexts) {
        EXPECT_LT(order_of(numbers.front(), is_descending), order_of(texts.front(), is_descending));
      }
    }
  }
}

TEST(ValueOrder, HasNoLineFeed) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == '\n') continue;
    for (bool is_descending : {false, true}) {
      const std::string bytes = order_of("x" + std::string(1, static_cast<char>(byte)), is_descending);
      EXPECT_EQ(bytes.find('\n'), std::string::npos) << byte;
    }
  }
}

}  // namespace

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

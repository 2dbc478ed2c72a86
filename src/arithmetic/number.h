#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace quern {

// A value that reads as a decimal number, with or without surrounding spaces, as Python's int() and float() read it
// (except for underscores). Pure.
struct Number {
  enum class Kind { kNone, kInteger, kLongInteger, kFloating };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  // for kInteger
  double floating = 0;       // for all kinds: the nearest double
  std::string_view digits;   // for kLongInteger, beyond 64 bits: with a leading '-', if any; borrowed from the text
};
Number parse_number(std::string_view text);

// Reads an integer of at most 18 digits, so that the sum of any two fits into 64 bits. Returns false, and leaves
// `value` as it is, if the text is anything else.
inline bool parse_short_integer(std::string_view text, std::int64_t& value) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  std::int64_t number = 0;
  for (char byte : text) {
    const auto digit = static_cast<unsigned char>(byte - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  value = is_negative ? -number : number;
  return true;
}

// A number as it was written, with or without surrounding spaces.
struct WrittenNumber {
  double nearest = 0;     // the nearest double, as in Number; not NaN
  std::string_view text;  // borrowed
};
// Compares the exact decimal values of the texts, however long they are: 1.0 equals 1, and 1e400 is less than 1e401.
std::weak_ordering compare(const WrittenNumber& left, const WrittenNumber& right);

}  // namespace quern

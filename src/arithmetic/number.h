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

// A number as it was written, with or without surrounding spaces.
struct WrittenNumber {
  double nearest = 0;     // the nearest double, as in Number; not NaN
  std::string_view text;  // borrowed
};
// Compares the exact decimal values of the texts, however long they are: 1.0 equals 1, and 1e400 is less than 1e401.
std::weak_ordering compare(const WrittenNumber& left, const WrittenNumber& right);

}  // namespace quern

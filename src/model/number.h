#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace quern {

// A value that reads as a number, in decimal, with blanks around it or not, as Python's int() and float() read it
// (without underscores). Pure.
struct Number {
  enum class Kind { kNone, kInteger, kLongInteger, kFloating };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  // of kInteger
  double floating = 0;       // of all kinds: the nearest double
  std::string_view digits;   // of kLongInteger, beyond 64 bits: with '-' in front, if any; borrowed from the text
};
Number parse_number(std::string_view text);

// A number's place among all others: exact for what fits 64 bits or is a double, by the nearest double otherwise.
struct Rank {
  double nearest = 0;
  std::int64_t beyond = 0;  // what the nearest double leaves of an integer
  auto operator<=>(const Rank&) const = default;
};
// The number is there, and is not NaN.
Rank rank_of(const Number& number);

}  // namespace quern

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace quern {

// Removes what does not affect a number's value: spaces around it and a plus sign.
std::string_view bare_number(std::string_view text);

// The decimal digits of a number's text, which it borrows and which parse_number() must accept and not read as NaN. 0
// has no digits and no sign; an infinite number has no digits, and the largest place. Pure.
class Decimal {
 public:
  explicit Decimal(std::string_view text);

  std::weak_ordering operator<=>(const Decimal& other) const;
  // Appends bytes that sort as the numbers do; equal numbers have the same. They are printable ASCII characters, and
  // others that have the highest bit.
  void append_order(bool is_descending, std::string& bytes) const;

 private:
  static constexpr std::int64_t kNoPlace = std::numeric_limits<std::int64_t>::min();

  void read(std::string_view text);
  char digit(std::size_t index) const;
  std::weak_ordering compare_sizes(const Decimal& other) const;

  bool is_negative_ = false;
  std::int64_t leading_ = 0;  // the place of the first digit that is not 0; kNoPlace for 0
  std::string_view whole_;    // from that digit onwards
  std::string_view fraction_;
};

// The length of what append_order() of a 64-bit number appends.
inline constexpr std::size_t kOrderBytes = 10;
// Appends bytes that sort as unsigned numbers do; all of them have the highest bit.
void append_order(std::uint64_t number, std::string& bytes);

// Appends bytes that sort as values do: numbers by their exact values, before texts (and NaN) by their bytes. With
// `is_descending` each kind is in the opposite order, and numbers still come before texts. The bytes have no line feed
// if the value has none.
void append_value_order(std::string_view value, bool is_descending, std::string& bytes);

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

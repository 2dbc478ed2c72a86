#include "arithmetic/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/text.h"

namespace quern {
namespace {

constexpr std::string_view kNumberBlanks = " \t\r\v\f";

// No text has enough digits to compensate for an exponent of this size.
constexpr std::int64_t kMostExponent = std::int64_t{1} << 60;

// `text` is "" or, for example, "e+12".
std::int64_t exponent_of(std::string_view text) {
  if (text.empty()) return 0;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  std::int64_t exponent = 0;
  bool is_beyond = std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc();
  if (is_beyond) return text.starts_with('-') ? -kMostExponent : kMostExponent;
  return std::clamp(exponent, -kMostExponent, kMostExponent);
}

}  // namespace

std::string_view bare_number(std::string_view text) {
  text = trimmed(text, kNumberBlanks);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

Decimal::Decimal(std::string_view text) {
  text = bare_number(text);
  is_negative_ = text.starts_with('-');
  if (is_negative_) text.remove_prefix(1);
  bool is_infinite = text.front() == 'i' || text.front() == 'I';
  if (is_infinite) leading_ = std::numeric_limits<std::int64_t>::max();
  if (!is_infinite) read(text);
}

void Decimal::read(std::string_view text) {
  std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  std::string_view mantissa = text.substr(0, exponent_at);
  std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  whole_ = mantissa.substr(0, point);
  if (point < mantissa.size()) fraction_ = mantissa.substr(point + 1);
  whole_.remove_prefix(std::min(whole_.find_first_not_of('0'), whole_.size()));
  auto zeros = whole_.empty() ? std::min(fraction_.find_first_not_of('0'), fraction_.size()) : 0;
  fraction_.remove_prefix(zeros);
  bool is_zero = whole_.empty() && fraction_.empty();
  if (is_zero) is_negative_ = false;
  leading_ = is_zero ? kNoPlace
                     : exponent_of(text.substr(exponent_at)) + static_cast<std::int64_t>(whole_.size()) -
                           static_cast<std::int64_t>(zeros);
}

char Decimal::digit(std::size_t index) const {
  if (index < whole_.size()) return whole_[index];
  index -= whole_.size();
  return index < fraction_.size() ? fraction_[index] : '0';
}

std::weak_ordering Decimal::operator<=>(const Decimal& other) const {
  if (is_negative_ != other.is_negative_) return other.is_negative_ <=> is_negative_;
  std::weak_ordering order = compare_sizes(other);
  return is_negative_ ? 0 <=> order : order;
}

std::weak_ordering Decimal::compare_sizes(const Decimal& other) const {
  if (leading_ != other.leading_) return leading_ <=> other.leading_;
  const std::size_t digits = std::max(whole_.size() + fraction_.size(), other.whole_.size() + other.fraction_.size());
  for (std::size_t i = 0; i < digits; ++i) {
    if (digit(i) != other.digit(i)) return digit(i) <=> other.digit(i);
  }
  return std::weak_ordering::equivalent;
}

void Decimal::append_order(bool is_descending, std::string& bytes) const {
  // Numbers that count as negative, zero, and those that count as positive.
  constexpr char kBelow = '0';
  constexpr char kZero = '1';
  constexpr char kAbove = '2';
  constexpr char kAfterAnyDigit = '~';
  if (leading_ == kNoPlace) return bytes.push_back(kZero);
  const bool is_below = is_negative_ != is_descending;
  bytes.push_back(is_below ? kBelow : kAbove);
  const std::uint64_t place = static_cast<std::uint64_t>(leading_) ^ (std::uint64_t{1} << 63);
  quern::append_order(is_below ? ~place : place, bytes);
  std::size_t digits = whole_.size() + fraction_.size();
  while (digits > 0 && digit(digits - 1) == '0') --digits;
  for (std::size_t i = 0; i < digits; ++i) {
    bytes.push_back(is_below ? static_cast<char>('0' + ('9' - digit(i))) : digit(i));
  }
  if (is_below) bytes.push_back(kAfterAnyDigit);
}

void append_order(std::uint64_t number, std::string& bytes) {
  constexpr unsigned kBits = 7;
  for (std::size_t i = kOrderBytes; i-- > 0;) {
    bytes.push_back(static_cast<char>(0x80 | (number >> (i * kBits) & 0x7f)));
  }
}

void append_value_order(std::string_view value, bool is_descending, std::string& bytes) {
  constexpr char kText = '3';  // after the first byte of any number
  const Number number = parse_number(value);
  if (number.kind != Number::Kind::kNone && !std::isnan(number.floating)) {
    return Decimal(value).append_order(is_descending, bytes);
  }
  bytes.push_back(kText);
  if (!is_descending) {
    bytes.append(value);
    return;
  }
  // The complement of each byte, in digits that sort, and an end that sorts after them.
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (char byte : value) {
    const auto complement = static_cast<unsigned char>(~byte);
    bytes.push_back(kDigits[complement >> 4]);
    bytes.push_back(kDigits[complement & 15]);
  }
  bytes.push_back('~');
}

namespace {

bool is_whole(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Outside the range of doubles, from_chars does not report whether the number is too large or too small.
double out_of_range(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

}  // namespace

Number parse_number(std::string_view text) {
  Number number;
  if (parse_short_integer(text, number.integer)) {
    number.kind = Number::Kind::kInteger;
    number.floating = static_cast<double>(number.integer);
    return number;
  }
  text = bare_number(text);
  const char* end = text.data() + text.size();
  auto [integer_end, integer_error] = std::from_chars(text.data(), end, number.integer);
  if (integer_end == end && integer_error == std::errc()) {
    number.kind = Number::Kind::kInteger;
    number.floating = static_cast<double>(number.integer);
    return number;
  }
  if (text.find('(') != std::string_view::npos) return {};  // nan(...) is accepted only by C.
  auto [floating_end, floating_error] = std::from_chars(text.data(), end, number.floating);
  if (floating_end != end || floating_error == std::errc::invalid_argument) return {};
  if (floating_error == std::errc::result_out_of_range) number.floating = out_of_range(text);
  number.kind = Number::Kind::kFloating;
  if (is_whole(text)) {
    number.kind = Number::Kind::kLongInteger;
    number.digits = text;
  }
  return number;
}

std::weak_ordering compare(const WrittenNumber& left, const WrittenNumber& right) {
  // Rounding to the nearest double preserves the order or makes two numbers equal.
  if (left.nearest < right.nearest) return std::weak_ordering::less;
  if (left.nearest > right.nearest) return std::weak_ordering::greater;
  if (left.text == right.text) return std::weak_ordering::equivalent;
  return Decimal(left.text) <=> Decimal(right.text);
}

}  // namespace quern

#include "arithmetic/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <system_error>

#include "base/text.h"

namespace quern {
namespace {

constexpr std::string_view kNumberBlanks = " \t\r\v\f";

bool is_whole(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Outside the range of doubles, from_chars does not report whether the number is too large or too small.
double out_of_range(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

// Removes what does not affect the value: spaces and a plus sign.
std::string_view bare(std::string_view text) {
  text = trimmed(text, kNumberBlanks);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

// The decimal digits of a number's text. 0 has no digits and no sign.
class Decimal {
 public:
  explicit Decimal(std::string_view text) {
    text = bare(text);
    is_negative_ = text.starts_with('-');
    if (is_negative_) text.remove_prefix(1);
    bool is_infinite = text.front() == 'i' || text.front() == 'I';
    if (is_infinite) leading_ = std::numeric_limits<std::int64_t>::max();
    if (!is_infinite) read(text);
  }

  std::weak_ordering operator<=>(const Decimal& other) const {
    if (is_negative_ != other.is_negative_) return other.is_negative_ <=> is_negative_;
    std::weak_ordering order = compare_sizes(other);
    return is_negative_ ? 0 <=> order : order;
  }

 private:
  // No text has enough digits to compensate for an exponent of this size.
  static constexpr std::int64_t kMostExponent = std::int64_t{1} << 60;

  void read(std::string_view text) {
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
    leading_ = is_zero ? std::numeric_limits<std::int64_t>::min()
                       : exponent_of(text.substr(exponent_at)) + static_cast<std::int64_t>(whole_.size()) -
                             static_cast<std::int64_t>(zeros);
  }

  // `text` is "" or, for example, "e+12".
  static std::int64_t exponent_of(std::string_view text) {
    if (text.empty()) return 0;
    text.remove_prefix(text[1] == '+' ? 2 : 1);
    std::int64_t exponent = 0;
    bool is_beyond = std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc();
    if (is_beyond) return text.starts_with('-') ? -kMostExponent : kMostExponent;
    return std::clamp(exponent, -kMostExponent, kMostExponent);
  }

  char digit(std::size_t index) const {
    if (index < whole_.size()) return whole_[index];
    index -= whole_.size();
    return index < fraction_.size() ? fraction_[index] : '0';
  }

  std::weak_ordering compare_sizes(const Decimal& other) const {
    if (leading_ != other.leading_) return leading_ <=> other.leading_;
    const std::size_t digits = std::max(whole_.size() + fraction_.size(), other.whole_.size() + other.fraction_.size());
    for (std::size_t i = 0; i < digits; ++i) {
      if (digit(i) != other.digit(i)) return digit(i) <=> other.digit(i);
    }
    return std::weak_ordering::equivalent;
  }

  bool is_negative_ = false;
  std::int64_t leading_ = 0;  // the place of the first digit that is not 0
  std::string_view whole_;    // from that digit onwards
  std::string_view fraction_;
};

}  // namespace

Number parse_number(std::string_view text) {
  text = bare(text);
  Number number;
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

#include "arithmetic/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <system_error>

#include "arithmetic/decimal.h"

namespace quern {
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

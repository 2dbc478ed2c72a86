#include "model/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/trimmed.h"

namespace quern {
namespace {

constexpr std::string_view kNumberBlanks = " \t\r\v\f";

bool is_whole(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Beyond the range of doubles, from_chars leaves open to which side.
double out_of_range(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

}  // namespace

Number parse_number(std::string_view text) {
  text = trimmed(text, kNumberBlanks);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number number;
  const char* end = text.data() + text.size();
  auto [integer_end, integer_error] = std::from_chars(text.data(), end, number.integer);
  if (integer_end == end && integer_error == std::errc()) {
    number.kind = Number::Kind::kInteger;
    number.floating = static_cast<double>(number.integer);
    return number;
  }
  if (text.find('(') != std::string_view::npos) return {};  // nan(...) is C's alone.
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

Rank rank_of(const Number& number) {
  if (number.kind != Number::Kind::kInteger) return {.nearest = number.floating};
  auto nearest = static_cast<__int128>(number.floating);  // 2^63 is a double, but no 64-bit integer.
  return {.nearest = number.floating, .beyond = static_cast<std::int64_t>(number.integer - nearest)};
}

}  // namespace quern

#include "base/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace quern {
namespace {

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array kUnits = {
    Unit{"ms", 1},         Unit{"millisecond", 1}, Unit{"milliseconds", 1}, Unit{"s", 1e3},       Unit{"sec", 1e3},
    Unit{"secs", 1e3},     Unit{"second", 1e3},    Unit{"seconds", 1e3},    Unit{"m", 60e3},      Unit{"min", 60e3},
    Unit{"mins", 60e3},    Unit{"minute", 60e3},   Unit{"minutes", 60e3},   Unit{"h", 3600e3},    Unit{"hour", 3600e3},
    Unit{"hours", 3600e3}, Unit{"d", 86400e3},     Unit{"day", 86400e3},    Unit{"days", 86400e3}};

// Ten years. Anything longer is a mistake, and the sum of a few of these cannot overflow.
constexpr double kLongestMilliseconds = 3650 * 86400e3;

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::optional<double> unit_in_milliseconds(std::string_view name) {
  const std::string lower = lower_case(name);
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return one.name == lower; });
  if (unit == kUnits.end()) return std::nullopt;
  return unit->milliseconds;
}

// Removes one number and its unit from the front of `text`; a number without a unit counts seconds.
std::optional<double> take_part(std::string_view& text, bool is_first) {
  double number = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (status != std::errc{} || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  text = without_leading_blanks(text.substr(static_cast<std::size_t>(end - text.data())));
  std::size_t letters = 0;
  while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])) != 0) ++letters;
  if (letters == 0) {
    if (!is_first || !text.empty()) return std::nullopt;
    return number * 1e3;
  }
  std::optional<double> unit = unit_in_milliseconds(text.substr(0, letters));
  if (!unit.has_value()) return std::nullopt;
  text = without_leading_blanks(text.substr(letters));
  return number * *unit;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto wrong = [&] {
    return bad_config(
        fmt::format("'{}' is not a duration; write a number and a unit, as in 90s, 1h30m or 500ms "
                    "(a number alone counts seconds)",
                    text));
  };
  std::string_view rest = without_leading_blanks(text);
  double total = 0;
  bool is_first = true;
  do {
    std::optional<double> part = take_part(rest, is_first);
    if (!part.has_value()) return wrong();
    total += *part;
    is_first = false;
  } while (!rest.empty());
  if (total > kLongestMilliseconds) {
    return bad_config(fmt::format("'{}' is longer than ten years", text));
  }
  if (total > 0 && total < 1) {
    return bad_config(fmt::format("'{}' is shorter than a millisecond", text));
  }
  return std::chrono::milliseconds(std::llround(total));
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  std::int64_t rest = duration.count();
  std::string text;
  for (auto [name, size] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}) {
    if (rest >= size) text += fmt::format("{}{}", rest / size, name);
    rest %= size;
  }
  return text;
}

}  // namespace quern

#include "services/s3/times.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <ctime>

namespace quern::s3 {
namespace {

std::string format(Time time, const char* form) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::size_t size = std::strftime(text.data(), text.size(), form, &parts);
  return {text.data(), size};
}

// The number at the start of `text`, which has exactly `digits` digits; both are taken off.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (char byte : text.substr(0, digits)) {
    if (byte < '0' || byte > '9') return std::nullopt;
    number = number * 10 + (byte - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take_text(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// The clock counts nanoseconds from 1970 in 63 bits.
constexpr int kLastYear = 2262;

struct Day {
  int year = 0;
  int month = 0;  // from 1
  int day = 0;
};

// "12:36:00" at the start of `text`.
std::optional<Time> take_clock(const Day& on, std::string_view& text) {
  auto hour = take_number(text, 2);
  if (!hour.has_value() || !take_text(text, ":")) return std::nullopt;
  auto minute = take_number(text, 2);
  if (!minute.has_value() || !take_text(text, ":")) return std::nullopt;
  auto second = take_number(text, 2);
  // 60: a leap second.
  if (!second.has_value() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  // Beyond what the clock counts: that is never, as far as anybody here is concerned.
  if (on.year >= kLastYear) return Time::max();
  std::chrono::year_month_day date{std::chrono::year(on.year), std::chrono::month(static_cast<unsigned>(on.month)),
                                   std::chrono::day(static_cast<unsigned>(on.day))};
  if (!date.ok() || on.year < 1970) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

std::string basic_time(Time time) { return format(time, "%Y%m%dT%H%M%SZ"); }
std::string extended_time(Time time) { return format(time, "%Y-%m-%dT%H:%M:%SZ"); }

std::optional<Time> parse_extended_time(std::string_view text) {
  auto year = take_number(text, 4);
  if (!year.has_value() || !take_text(text, "-")) return std::nullopt;
  auto month = take_number(text, 2);
  if (!month.has_value() || !take_text(text, "-")) return std::nullopt;
  auto day = take_number(text, 2);
  if (!day.has_value() || !take_text(text, "T")) return std::nullopt;
  auto time = take_clock({.year = *year, .month = *month, .day = *day}, text);
  if (take_text(text, ".")) {
    while (take_number(text, 1).has_value()) continue;
  }
  return text == "Z" || text == "+00:00" ? time : std::nullopt;
}

std::optional<Time> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  text.remove_prefix(comma + 2);
  auto day = take_number(text, 2);
  if (!day.has_value() || !take_text(text, " ") || text.size() < 3) return std::nullopt;
  std::size_t month = kMonths.find(text.substr(0, 3));
  text.remove_prefix(3);
  if (month == std::string_view::npos || month % 3 != 0 || !take_text(text, " ")) return std::nullopt;
  auto year = take_number(text, 4);
  if (!year.has_value() || !take_text(text, " ")) return std::nullopt;
  auto time = take_clock({.year = *year, .month = static_cast<int>(month / 3) + 1, .day = *day}, text);
  return text == " GMT" ? time : std::nullopt;
}

std::string rough_duration(std::chrono::seconds duration) {
  long long seconds = std::abs(static_cast<long long>(duration.count()));
  struct Unit {
    long long seconds;
    const char* name;
  };
  constexpr std::array kUnits{Unit{86400, "day"}, Unit{3600, "hour"}, Unit{60, "minute"}, Unit{1, "second"}};
  for (const Unit& unit : kUnits) {
    // Two of a unit at least, as "1 hour" would be too rough.
    if (seconds < 2 * unit.seconds && unit.seconds > 1) continue;
    long long count = seconds / unit.seconds;
    return std::to_string(count) + " " + unit.name + (count == 1 ? "" : "s");
  }
  return "0 seconds";
}

}  // namespace quern::s3

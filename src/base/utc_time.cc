#include "base/utc_time.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>

namespace quern {
namespace {

// Reads a text from its start, piece by piece.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool take(char letter) {
    if (!rest_.starts_with(letter)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Reads a number of exactly `digits` digits and a value of at most `most`.
  bool take_number(std::size_t digits, int most, int& number) {
    if (rest_.size() < digits) return false;
    number = 0;
    for (char byte : rest_.substr(0, digits)) {
      if (byte < '0' || byte > '9') return false;
      number = number * 10 + (byte - '0');
    }
    rest_.remove_prefix(digits);
    return number <= most;
  }
  // Digits beyond nanoseconds are dropped.
  bool take_fraction(std::chrono::nanoseconds& fraction) {
    if (!take('.')) return true;
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    std::chrono::nanoseconds unit = std::chrono::seconds(1);
    for (char byte : rest_.substr(0, digits)) fraction += (unit /= 10) * (byte - '0');
    rest_.remove_prefix(digits);
    return digits > 0;
  }
  bool take_offset(std::chrono::minutes& offset) {
    if (take('Z')) return true;
    bool is_behind = rest_.starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!take('+') && !take('-')) return false;
    if (!take_number(2, 23, hours) || !take(':') || !take_number(2, 59, minutes)) return false;
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (is_behind) offset = -offset;
    return true;
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::string format_utc(UtcTime time) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::optional<UtcTime> parse_utc(std::string_view text) {
  auto time = parse_utc_exactly(text);
  if (time.has_value()) time = std::chrono::floor<std::chrono::seconds>(*time);
  return time;
}

std::optional<UtcTime> parse_utc_exactly(std::string_view text) {
  TimeReader reader(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader.take_number(4, 9999, year) || !reader.take('-') || !reader.take_number(2, 12, month) ||
      !reader.take('-') || !reader.take_number(2, 31, day) || !reader.take('T')) {
    return std::nullopt;
  }
  int hour = 0;
  int minute = 0;
  int second = 0;
  // 60 is a leap second.
  if (!reader.take_number(2, 23, hour) || !reader.take(':') || !reader.take_number(2, 59, minute) ||
      !reader.take(':') || !reader.take_number(2, 60, second)) {
    return std::nullopt;
  }
  std::chrono::nanoseconds fraction{0};
  std::chrono::minutes offset{0};
  if (!reader.take_fraction(fraction) || !reader.take_offset(offset) || !reader.is_at_end()) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  // The clock counts nanoseconds in 64 bits, which end in 2262.
  if (!date.ok() || year < 1700 || year > 2200) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + fraction - offset;
}

std::string rough_duration(std::chrono::seconds duration) {
  struct Unit {
    long long seconds;
    const char* name;
  };
  constexpr std::array kRoughUnits{Unit{86400, " day"}, Unit{3600, " hour"}, Unit{60, " minute"}};
  long long seconds = duration.count() < 0 ? -duration.count() : duration.count();
  for (const Unit& unit : kRoughUnits) {
    // "1 hour" would be too rough for what may be nearly two.
    if (seconds >= 2 * unit.seconds) return std::to_string(seconds / unit.seconds) + unit.name + "s";
  }
  return std::to_string(seconds) + (seconds == 1 ? " second" : " seconds");
}

}  // namespace quern

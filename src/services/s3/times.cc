#include "services/s3/times.h"

#include <cstddef>

namespace quern::s3 {

std::string basic_time(UtcTime time) {
  std::string text = format_utc(time);
  std::erase_if(text, [](char byte) { return byte == '-' || byte == ':'; });
  return text;
}

// Rearranges the text into ISO 8601, whose parser checks whether it is a valid time.
std::optional<UtcTime> parse_http_date(std::string_view text) {
  constexpr std::string_view kForm = "Sun, 30 Aug 2015 12:36:00 GMT";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != kForm.size() || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return std::nullopt;
  std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  std::size_t number = month / 3 + 1;
  std::string iso(text.substr(12, 4));
  iso.append(number < 10 ? "-0" : "-").append(std::to_string(number)).append("-").append(text.substr(5, 2));
  iso.append("T").append(text.substr(17, 8)).append("Z");
  return parse_utc(iso);
}

}  // namespace quern::s3

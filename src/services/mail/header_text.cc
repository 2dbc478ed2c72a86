#include <algorithm>
#include <array>
#include <ctime>

#include "base/encoding.h"
#include "base/text.h"
#include "base/utf8.h"
#include "services/mail/mail.h"

namespace quern::mail {
namespace {

// RFC 2047: an encoded word has at most 75 characters, of which "=?UTF-8?B?" and "?=" take 12; base64 encodes 3 bytes
// in 4 characters.
constexpr std::size_t kWordBytes = 45;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

std::string mail_date(UtcTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> numbers{};
  const std::size_t length = std::strftime(numbers.data(), numbers.size(), "%Y %H:%M:%S +0000", &parts);
  std::array<char, 8> day{};
  std::strftime(day.data(), day.size(), "%d", &parts);
  // Uses its own names, because strftime writes them in the language of the locale.
  std::string date = kDays[static_cast<std::size_t>(parts.tm_wday)];
  date.append(", ").append(day.data()).append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]);
  return date.append(" ").append(numbers.data(), length);
}

std::string header_text(std::string_view name, std::string_view text) {
  std::string clean(text);
  std::replace_if(clean.begin(), clean.end(), is_control, ' ');
  const bool is_plain = std::all_of(clean.begin(), clean.end(), is_ascii) && clean.find("=?") == std::string::npos;
  std::string header = std::string(name) + ": ";
  if (is_plain) return header + clean;
  for (std::size_t begin = 0; begin < clean.size();) {
    std::size_t end = std::min(begin + kWordBytes, clean.size());
    // Keep each character in one word, unless the text is not UTF-8.
    while (end < clean.size() && end > begin + kWordBytes - 4 && utf8::continues_character(clean[end])) --end;
    if (begin > 0) header += "\n ";
    header += "=?UTF-8?B?" + base64_encode(std::string_view(clean).substr(begin, end - begin)) + "?=";
    begin = end;
  }
  return header;
}

}  // namespace quern::mail

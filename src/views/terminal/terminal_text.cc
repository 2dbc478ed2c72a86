#include "views/terminal/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/utf8.h"

namespace quern::view {
namespace {

// Returns the length of the escape sequence at the start of `text`: CSI up to its final byte, OSC up to BEL or ST,
// otherwise ESC and one character.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {
    std::size_t end = text.find_first_not_of("0123456789:;<=>?!\"#$%&'()*+,-./ ", 2);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  if (text[1] == ']') {
    std::size_t end = text.find_first_of("\a\x1b", 2);
    if (end == std::string_view::npos) return text.size();
    return text[end] == '\a' ? end + 1 : std::min(end + 2, text.size());
  }
  return 2;
}

// Whether the character changes the direction of the text after it, so that a line reads differently than it is.
bool changes_direction(std::uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string_view code_of(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kBold:
      return "\x1b[1m";
    case Ink::kDim:
      return "\x1b[2m";
    case Ink::kRed:
      return "\x1b[31m";
    case Ink::kGreen:
      return "\x1b[32m";
    case Ink::kYellow:
      return "\x1b[33m";
    case Ink::kCyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string format_count(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string format_count(std::uint64_t number, std::string_view singular, std::string_view plural) {
  if (number == 1) return fmt::format("1 {}", singular);
  if (plural.empty()) return fmt::format("{} {}s", format_count(number), singular);
  return fmt::format("{} {}", format_count(number), plural);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  double seconds = std::max(0.0, std::chrono::duration<double>(duration).count());
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  auto whole = std::chrono::round<std::chrono::seconds>(duration).count();
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string format_rate(std::uint64_t bytes, std::chrono::nanoseconds duration) {
  double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 0.001) return "";
  constexpr std::array<const char*, 5> kUnits = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
  double rate = static_cast<double>(bytes) / seconds;
  std::size_t unit = 0;
  while (rate >= 999.5 && unit + 1 < kUnits.size()) {
    rate /= 1000;
    ++unit;
  }
  return rate < 9.95 && unit > 0 ? fmt::format("{:.1f} {}", rate, kUnits[unit])
                                 : fmt::format("{:.0f} {}", rate, kUnits[unit]);
}

std::string clean(std::string_view text) {
  std::string cleaned;
  cleaned.reserve(text.size());
  while (!text.empty()) {
    const utf8::Character character = utf8::first_character(text);
    std::size_t taken = std::max<std::size_t>(character.size_bytes, 1);
    if (text[0] == '\x1b') {
      taken = escape_length(text);
    } else if (text[0] == '\t') {
      cleaned.append("    ");
    } else if (text[0] == '\r' && text.size() == 1) {
      // A carriage return before the line end, as other systems write it.
    } else if (character.size_bytes == 0 || character.code < 0x20 ||
               (character.code >= 0x7F && character.code < 0xA0)) {
      cleaned.push_back('?');
    } else if (changes_direction(character.code)) {
      cleaned.append(fmt::format("<U+{:04X}>", character.code));
    } else {
      cleaned.append(text.substr(0, taken));
    }
    text.remove_prefix(taken);
  }
  return cleaned;
}

std::size_t display_width(std::string_view text) { return utf8::columns_of(text); }

std::string fit(std::string_view text, std::size_t columns, std::string_view mark) {
  if (display_width(text) <= columns) return std::string(text);
  std::size_t mark_width = display_width(mark);
  if (mark_width > columns) return std::string(columns, '.');
  std::size_t width = 0;
  std::size_t length = 0;
  while (length < text.size()) {
    const utf8::Character character = utf8::first_character(text.substr(length));
    width += utf8::columns_of(character.code);
    if (width > columns - mark_width) break;
    length += std::max<std::size_t>(character.size_bytes, 1);
  }
  return std::string(text.substr(0, length)).append(mark);
}

std::string inked(std::string_view text, Ink ink, bool color) {
  if (!color || ink == Ink::kPlain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(ink), text);
}

Line& Line::add(std::string_view text, Ink ink) {
  spans_.push_back({std::string(text), ink});
  return *this;
}

std::size_t Line::width() const {
  std::size_t width = 0;
  for (const Span& span : spans_) width += display_width(span.text);
  return width;
}

std::string Line::text(const Style& style, std::size_t columns) const {
  std::string_view mark = style.utf8 ? "…" : "...";
  bool fits = width() <= columns;
  if (!fits && display_width(mark) > columns) return std::string(columns, '.');
  std::size_t left = fits ? columns : columns - display_width(mark);
  std::string line;
  for (const Span& span : spans_) {
    std::string part = fit(span.text, left, "");
    left -= display_width(part);
    line += inked(part, span.ink, style.color);
    if (part.size() < span.text.size()) break;
  }
  if (!fits) line += mark;
  return line;
}

}  // namespace quern::view

#include "services/json/value_text.h"

#include <cstdint>

#include "base/encoding.h"
#include "base/utf8.h"

namespace quern::json {
namespace {

constexpr std::uint32_t kReplacementCharacter = 0xfffd;

// The grammar has accepted the digits already.
std::uint32_t hex_value(std::string_view digits) {
  std::uint32_t value = 0;
  for (char digit : digits) value = value * 16 + hex_digit_value(digit).value_or(0);
  return value;
}

bool is_high(std::uint32_t point) { return point >= 0xd800 && point < 0xdc00; }
bool is_low(std::uint32_t point) { return point >= 0xdc00 && point < 0xe000; }

// `at` is the index after the u of an escape such as \u00e9. Returns the index after the escape, or after both escapes
// of a surrogate pair.
std::size_t append_code(std::string_view inside, std::size_t at, std::string& target) {
  std::uint32_t point = hex_value(inside.substr(at, kHexDigits));
  at += kHexDigits;
  if (is_high(point) && inside.substr(at).starts_with("\\u")) {
    std::uint32_t low = hex_value(inside.substr(at + 2, kHexDigits));
    if (is_low(low)) {
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      at += 2 + kHexDigits;
    }
  }
  utf8::append(is_high(point) || is_low(point) ? kReplacementCharacter : point, target);
  return at;
}

char meaning_of(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;  // " \ and /
  }
}

void append_minified(std::string_view raw, std::string& target) {
  bool in_string = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '"') in_string = !in_string;
    bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (is_blank && !in_string) continue;
    target.push_back(c);
    if (c == '\\') target.push_back(raw[++i]);
  }
}

}  // namespace

void append_unescaped(std::string_view inside, std::string& target) {
  std::size_t at = 0;
  while (true) {
    std::size_t escape = inside.find('\\', at);
    target.append(inside.substr(at, escape - at));
    if (escape == std::string_view::npos) return;
    char letter = inside[escape + 1];
    at = escape + 2;
    if (letter == 'u') {
      at = append_code(inside, at, target);
    } else {
      target.push_back(meaning_of(letter));
    }
  }
}

void append_text(std::string_view raw, std::string& target) {
  if (raw.front() == '"') {
    append_unescaped(raw.substr(1, raw.size() - 2), target);
  } else if (raw.front() == '{' || raw.front() == '[') {
    append_minified(raw, target);
  } else {
    target.append(raw);
  }
}

}  // namespace quern::json

#include "services/json/value_text.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/encoding.h"
#include "base/utf8.h"

namespace quern::json {
namespace {

constexpr std::uint32_t kReplacementCharacter = 0xfffd;

constexpr std::array<std::int8_t, 256> hex_values() {
  std::array<std::int8_t, 256> values{};
  for (unsigned c = 0; c < values.size(); ++c) {
    const std::optional<unsigned> value = hex_digit_value(static_cast<char>(c));
    values.at(c) = value.has_value() ? static_cast<std::int8_t>(*value) : std::int8_t{-1};
  }
  return values;
}
constexpr auto kHexValues = hex_values();

// Returns the value of four hexadecimal digits; a negative one if a character is not a digit.
std::int32_t hex_value(const char* digits) {
  std::int32_t value = 0;
  for (std::size_t i = 0; i < kHexDigits; ++i) {
    value = value << 4 | kHexValues[static_cast<unsigned char>(digits[i])];
  }
  return value;
}

constexpr bool is_high(std::int32_t point) { return point >= 0xd800 && point < 0xdc00; }
constexpr bool is_low(std::int32_t point) { return point >= 0xdc00 && point < 0xe000; }

// Reads the digits of an escape such as \u00e9, and the second escape of a surrogate pair. `at` is moved from the first
// digit to what follows. Returns a negative value if these are not digits.
std::int32_t code_at(const char*& at, const char* end) {
  if (static_cast<std::size_t>(end - at) < kHexDigits) return -1;
  const std::int32_t point = hex_value(at);
  at += kHexDigits;
  const bool has_second = static_cast<std::size_t>(end - at) >= 2 + kHexDigits && at[0] == '\\' && at[1] == 'u';
  const std::int32_t low = is_high(point) && has_second ? hex_value(at + 2) : 0;
  if (!is_low(low)) return point;
  at += 2 + kHexDigits;
  return 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
}

// Returns '\0' for a letter that has no meaning after a backslash.
char meaning_of(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
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
      return '\0';
  }
}

// Copies what precedes the next backslash; both pointers are moved.
void copy_plain(const char*& at, const char* end, char*& out) {
  while (static_cast<std::size_t>(end - at) >= kWordBytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, kWordBytes);
    // A byte that is a backslash becomes 0, the lowest of which sets its highest bit.
    const std::uint64_t other = word ^ 0x5c5c5c5c5c5c5c5cU;
    if (((other - 0x0101010101010101U) & ~other & 0x8080808080808080U) != 0) break;
    std::memcpy(out, at, kWordBytes);
    at += kWordBytes;
    out += kWordBytes;
  }
  while (at < end && *at != '\\') *out++ = *at++;
}

void append_minified(std::string_view raw, std::string& target) {
  bool in_string = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '"') in_string = !in_string;
    if (is_blank(c) && !in_string) continue;
    target.push_back(c);
    if (c == '\\') target.push_back(raw[++i]);
  }
}

}  // namespace

char* unescape(std::string_view inside, char* out, Unpaired unpaired, std::size_t* flaw_at) {
  const char* at = inside.data();
  const char* end = at + inside.size();
  while (true) {
    copy_plain(at, end, out);
    if (at == end) return out;
    // A backslash that is not escaped itself is always followed by a character of the string.
    if (flaw_at != nullptr) *flaw_at = static_cast<std::size_t>(at - inside.data());
    const char letter = at[1];
    at += 2;
    if (letter != 'u') {
      *out = meaning_of(letter);
      if (*out++ == '\0') return nullptr;
      continue;
    }
    std::int32_t code = code_at(at, end);
    if (code < 0) return nullptr;
    if (unpaired == Unpaired::kReplaced && (is_high(code) || is_low(code))) code = kReplacementCharacter;
    out += utf8::write(static_cast<std::uint32_t>(code), out);
  }
}

void append_unescaped(std::string_view inside, std::string& target) {
  const std::size_t before = target.size();
  target.resize(before + inside.size());
  const char* end = unescape(inside, target.data() + before, Unpaired::kReplaced);
  target.resize(static_cast<std::size_t>(end - target.data()));
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

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::json {

// The number of digits after the u of an escape such as \u00e9.
constexpr std::size_t kHexDigits = 4;

// Of what is looked at in one step.
constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

// JSON's white space.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
// Returns the end of what precedes a token at `token`, at least `least`: only white space is between them.
constexpr std::size_t end_before(const char* text, std::size_t least, std::size_t token) {
  while (token > least && is_blank(text[token - 1])) --token;
  return token;
}
// Whether a number, true, false or null may end before this character.
constexpr bool may_follow_scalar(char c) { return is_blank(c) || c == ',' || c == '}' || c == ']'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Returns the position after the digits that start at `at`. The byte after the text must be readable.
inline const char* skip_digits(const char* at) {
  while (is_digit(*at)) ++at;
  return at;
}

// What becomes of a surrogate that is not half of a pair: U+FFFD, as in the output of modules, or its three bytes.
enum class Unpaired { kReplaced, kKept };

// Writes the meaning of a JSON string in UTF-8 to `out`, which has room for as many bytes. `inside` is the text between
// the quotes; it does not end within an escape. Returns the end of what it wrote; nullptr if an escape is not valid,
// which is the one at `flaw_at`, if wanted.
char* unescape(std::string_view inside, char* out, Unpaired unpaired, std::size_t* flaw_at = nullptr);

// Appends the same; the escapes must be valid.
void append_unescaped(std::string_view inside, std::string& target);

// Appends the value as text: strings without quotes and escapes; numbers as written; true, false and null; objects and
// arrays without white space between tokens. `raw` is JSON.
void append_text(std::string_view raw, std::string& target);

}  // namespace quern::json

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// UTF-8 (RFC 3629), by utf8proc and simdjson. Pure functions.

namespace quern::utf8 {

// The character at the beginning of a text. The size is 0 if the text is empty or does not begin with UTF-8. Overlong
// forms, surrogates and code points beyond U+10FFFF are not UTF-8.
struct Character {
  std::size_t size_bytes = 0;
  std::uint32_t code = 0;
};
Character first_character(std::string_view text);

// Whether the whole text is UTF-8. Reads gigabytes per second.
bool is_valid(std::string_view text);
// Returns the offset of the first byte that is not UTF-8, or the text's size.
std::size_t first_invalid(std::string_view text);

// Writes a code point of at most U+10FFFF to `target`, which has room for four bytes; returns how many it wrote. A
// surrogate is encoded in three bytes.
std::size_t write(std::uint32_t code, char* target);
// Appends the same.
void append(std::uint32_t code, std::string& target);

// Whether a byte is a continuation byte, not the first byte of a character.
constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Counts the characters of a UTF-8 text, as JSON Schema counts its length.
std::size_t count_characters(std::string_view text);

// Returns the longest beginning of at most `most_bytes` that does not split a character.
std::string_view cut(std::string_view text, std::size_t most_bytes);

// Returns the number of terminal columns, which is 0 for combining and control characters.
std::size_t columns_of(std::uint32_t code);
// The sum for all characters of the text; a byte that is not UTF-8 counts 0.
std::size_t columns_of(std::string_view text);

}  // namespace quern::utf8

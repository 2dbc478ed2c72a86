#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// UTF-8 (RFC 3629), by utf8proc. Pure functions. Whole texts at gigabytes per second are checked by
// services/json/structure.h.

namespace quern::utf8 {

// A character at the beginning of a text; size 0: the text is empty or does not begin with UTF-8. Overlong forms,
// surrogates and code points beyond U+10FFFF are not UTF-8.
struct Character {
  std::size_t size_bytes = 0;
  std::uint32_t code = 0;
};
Character first_character(std::string_view text);

// `code` is at most U+10FFFF; a surrogate becomes the three bytes that it would have.
void append(std::uint32_t code, std::string& target);

// A byte that is not the first of a character.
constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Characters of a UTF-8 text, as JSON schemas count its length.
std::size_t count_characters(std::string_view text);

// The beginning of at most `most_bytes` that cuts no character in two.
std::string_view cut(std::string_view text, std::size_t most_bytes);

// Columns of a terminal; 0 for what takes none.
std::size_t columns_of(std::uint32_t code);
// Of all characters of the text; a byte that is not UTF-8 takes none.
std::size_t columns_of(std::string_view text);

}  // namespace quern::utf8

#include "base/utf8.h"

#include <simdjson.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace quern::utf8 {

Character first_character(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0) return {};
  return {.size_bytes = static_cast<std::size_t>(size), .code = static_cast<std::uint32_t>(code)};
}

bool is_valid(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::size_t first_invalid(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = first_character(text.substr(at)).size_bytes;
    if (size == 0) break;
    at += size;
  }
  return at;
}

std::size_t write(std::uint32_t code, char* target) {
  return static_cast<std::size_t>(
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), reinterpret_cast<utf8proc_uint8_t*>(target)));
}

void append(std::uint32_t code, std::string& target) {
  std::array<char, 4> bytes{};
  target.append(bytes.data(), write(code, bytes.data()));
}

std::size_t count_characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string_view cut(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  std::size_t end = most_bytes;
  while (end > 0 && continues_character(text[end])) --end;
  return text.substr(0, end);
}

std::size_t columns_of(std::uint32_t code) {
  return static_cast<std::size_t>(utf8proc_charwidth(static_cast<utf8proc_int32_t>(code)));
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += columns_of(character.code);
    text.remove_prefix(std::max<std::size_t>(character.size_bytes, 1));
  }
  return columns;
}

}  // namespace quern::utf8

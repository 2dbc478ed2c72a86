#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Text helpers. Pure functions. Only ASCII letters count as letters, in any locale.

namespace quern {

// Removes `spaces` from both ends of `text`. Inline, because each number of a job passes through it.
constexpr std::string_view trimmed(std::string_view text, std::string_view spaces) {
  const std::size_t begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
}

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }
bool is_printable_ascii(std::string_view text);

constexpr char lower_case(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
std::string lower_case(std::string_view text);
bool equals_ignoring_case(std::string_view left, std::string_view right);
bool starts_with_ignoring_case(std::string_view text, std::string_view start);

// Returns the lines of a text without their line ends; the last one need not have one. They borrow from `text`.
std::vector<std::string_view> lines_of(std::string_view text);

// Returns "'text'" for a message; cuts a longer text between two characters: "'begin...'".
std::string in_quotes(std::string_view text, std::size_t most_bytes = 60);

// Returns "1 input", "2 inputs"; the plural adds an s unless `plural` is set. Numbers have no separators; views use
// their own format.
std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural = {});

// Returns `text` as one word for a POSIX shell: unchanged if possible, otherwise in quotes. For commands that a message
// shows to be copied.
std::string shell_word(std::string_view text);

// Whether `is_right` holds for each part of a text between marks: each_part("a.b", '.', is_name) tests "a" and "b". A
// text without a mark, even an empty one, is one part.
template <typename IsRight>
bool each_part(std::string_view text, char mark, const IsRight& is_right) {
  while (true) {
    const std::string_view part = text.substr(0, text.find(mark));
    if (!is_right(part)) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

// Whether `text` consists of labels of ASCII letters, digits and inner hyphens, separated by dots (RFC 1123, 2.1). Does
// not check lengths.
bool is_host_name(std::string_view text);

}  // namespace quern

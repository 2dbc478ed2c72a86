#pragma once

#include <string_view>

namespace quern {

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

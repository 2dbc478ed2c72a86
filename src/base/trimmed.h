#pragma once

#include <cstddef>
#include <string_view>

namespace quern {

// `text` without the `blanks` at its two ends. Inline, as every number of a job goes through it.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace quern

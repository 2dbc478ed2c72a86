#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// The values of a job with `group` and `aggregate`: its mapper writes one pair for each column that a record has a
// value for, and the value begins with a letter that names the column. Pure functions.

namespace quern {

// As many as there are letters from the first one on that are printable ASCII.
inline constexpr std::size_t kMaxColumns = 60;
inline constexpr char kFirstColumn = 'A';

inline char letter_of_column(std::size_t column) { return static_cast<char>(kFirstColumn + column); }

// The column of a value, or kMaxColumns and more if it does not begin with the letter of one.
inline std::size_t column_of(std::string_view value) {
  if (value.empty()) return kMaxColumns;
  return static_cast<std::size_t>(static_cast<unsigned char>(value.front())) - kFirstColumn;
}

// The parts of a key, one for each path of `group`, are divided by this byte; none of them contains it.
inline constexpr char kBetweenParts = '\0';

}  // namespace quern

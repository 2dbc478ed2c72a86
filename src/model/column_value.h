#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The values of a job with `group` and `aggregate`: its mapper writes one pair for each record, with a value for each
// column that the record has one for. If the pairs are to be text, it writes a pair for each value instead, because
// kBetweenColumns is not valid in UTF-8. A value begins with a letter that names the column. A record without any value
// has a pair whose value is kWithoutValues, so that its group is there. Pure functions.

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

inline constexpr std::string_view kWithoutValues = "@";

// A pair is a line of text. So what has a line feed in it is written with other bytes in its place, and with others in
// place of a vertical tab, which these begin with; the texts still sort in the same order.
void hide_found_line_feeds(std::string& text);
inline void hide_line_feeds(std::string& text) {
  // Nearly all texts have neither.
  auto has = [&text](char byte) { return std::memchr(text.data(), byte, text.size()) != nullptr; };
  if (has('\n') || has('\v')) hide_found_line_feeds(text);
}
// Appends what hide_line_feeds() made of a text: the text, with `line_feed` for each of its line feeds.
void append_shown(std::string_view hidden, std::string_view line_feed, std::string& target);
// How a text shows a line feed in a cell.
inline constexpr std::string_view kLineFeedInText = "\\n";

// Separates the values of a pair. It does not occur in UTF-8.
inline constexpr char kBetweenColumns = '\xff';
// Removes the first value of a pair from `values`, and returns it.
inline std::string_view take_column_value(std::string_view& values) {
  const std::string_view value = values.substr(0, values.find(kBetweenColumns));
  values.remove_prefix(value.size() == values.size() ? value.size() : value.size() + 1);
  return value;
}

// A number with a label, as kTop has them, is both with this byte between them. No number contains it.
inline constexpr char kBeforeLabel = '\0';
struct LabelledNumber {
  std::string_view number;
  std::string_view label;  // "" if there is none
};
inline LabelledNumber split_label(std::string_view value) {
  const std::size_t end = value.find(kBeforeLabel);
  if (end == std::string_view::npos) return {.number = value, .label = {}};
  return {.number = value.substr(0, end), .label = value.substr(end + 1)};
}

// The position of a value in the inputs, which sorts as bytes and says where it ends. It has no line feed.
void append_position(std::uint64_t input, std::uint64_t block, std::uint64_t place, std::string& target);
// Removes the position at the beginning of `value`, which append_position() wrote.
std::string_view take_position(std::string_view& value);

// The parts of a key, one for each path of `group`, are divided by this byte; none of them contains it.
inline constexpr char kBetweenParts = '\0';

}  // namespace quern

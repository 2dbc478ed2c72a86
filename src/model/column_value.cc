#include "model/column_value.h"

#include <algorithm>
#include <bit>

#include "base/result.h"

namespace quern {
namespace {

constexpr int kNumbers = 3;
constexpr int kBits = 7;
constexpr unsigned char kMark = 0x80;  // no byte of a position is ASCII

// The number of digits of 7 bits, and the digits, the highest first: a number with fewer digits sorts first.
void append_counted(std::uint64_t number, std::string& target) {
  const auto digits = (static_cast<int>(std::bit_width(number)) + kBits - 1) / kBits;
  target.push_back(static_cast<char>(kMark | digits));
  for (int i = digits; i-- > 0;) target.push_back(static_cast<char>(kMark | (number >> (i * kBits) & 0x7f)));
}

constexpr std::string_view kHiddenLineFeed = "\v\x01";
constexpr std::string_view kHiddenTab = "\v\x02";

}  // namespace

void hide_found_line_feeds(std::string& text) {
  std::size_t at = text.find_first_of("\n\v");
  while (at != std::string::npos) {
    text.replace(at, 1, text[at] == '\n' ? kHiddenLineFeed : kHiddenTab);
    at = text.find_first_of("\n\v", at + kHiddenTab.size());
  }
}

void append_shown(std::string_view hidden, std::string_view line_feed, std::string& target) {
  for (std::size_t at = 0; (at = hidden.find('\v')) != std::string_view::npos;) {
    target += hidden.substr(0, at);
    hidden.remove_prefix(at);
    target += hidden.starts_with(kHiddenLineFeed) ? line_feed : "\v";
    hidden.remove_prefix(std::min(kHiddenTab.size(), hidden.size()));
  }
  target += hidden;
}

void append_position(std::uint64_t input, std::uint64_t block, std::uint64_t place, std::string& target) {
  append_counted(input, target);
  append_counted(block, target);
  append_counted(place, target);
}

std::string_view take_position(std::string_view& value) {
  std::size_t size = 0;
  for (int i = 0; i < kNumbers; ++i) {
    CHECK(size < value.size());
    size += 1 + static_cast<std::size_t>(static_cast<unsigned char>(value[size]) & ~kMark);
  }
  CHECK(size <= value.size());
  const std::string_view position = value.substr(0, size);
  value.remove_prefix(size);
  return position;
}

}  // namespace quern

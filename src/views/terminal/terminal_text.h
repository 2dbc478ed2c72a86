#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Formats numbers, durations and lines for people. Pure functions.

namespace quern::view {

// The width of the labels at the beginning of lines.
constexpr std::size_t kLabelColumns = 10;

// "1,234,567"
std::string format_count(std::uint64_t number);
// "1 input", "2,000 inputs". By default the plural is the singular and an s.
std::string format_count(std::uint64_t number, std::string_view singular, std::string_view plural = {});
// "0.3 s", "2 min 5 s", "3 h 7 min"
std::string format_duration(std::chrono::nanoseconds duration);
// "85 MB/s", "1.2 GB/s"; "" if the duration is too short.
std::string format_rate(std::uint64_t bytes, std::chrono::nanoseconds duration);

// Makes foreign text safe for a terminal: removes escape sequences, turns tabs into spaces, turns other control
// characters and invalid UTF-8 into '?', and names characters that change the direction of text: <U+202E>.
std::string clean(std::string_view text);
// The number of terminal columns that clean UTF-8 text takes.
std::size_t display_width(std::string_view text);
// Returns the start of clean text that takes at most `columns`. `mark` replaces what was cut.
std::string fit(std::string_view text, std::size_t columns, std::string_view mark = "...");

struct Style {
  bool color = false;
  bool utf8 = false;
};

enum class Ink { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// Returns `text` in this ink, or unchanged without `color`.
std::string inked(std::string_view text, Ink ink, bool color);

// A line in several inks that can be cut to a width.
class Line {
 public:
  Line& add(std::string_view text, Ink ink = Ink::kPlain);
  std::size_t width() const;
  // At most `columns` wide.
  std::string text(const Style& style, std::size_t columns) const;

 private:
  struct Span {
    std::string text;
    Ink ink;
  };
  std::vector<Span> spans_;
};

}  // namespace quern::view

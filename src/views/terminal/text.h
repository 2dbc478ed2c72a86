#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Numbers, durations and lines as people read them. Pure functions.

namespace quern::view {

// What the names of rows take at the beginning of their lines.
constexpr std::size_t kLabelColumns = 10;

// "1,234,567"
std::string format_count(std::uint64_t number);
// "1 input", "2,000 inputs"; the plural adds an s unless it is given.
std::string format_count(std::uint64_t number, std::string_view singular, std::string_view plural = {});
// "0.3 s", "2 min 5 s", "3 h 7 min"
std::string format_duration(std::chrono::nanoseconds duration);
// "85 MB/s", "1.2 GB/s"; "" where the time is too short to say.
std::string format_rate(std::uint64_t bytes, std::chrono::nanoseconds duration);

// What others wrote, made safe for a terminal: escape sequences are taken out, tabs become blanks, other control
// characters and invalid UTF-8 become '?', and what changes the direction of text is named: <U+202E>.
std::string clean(std::string_view text);
// Terminal columns that clean UTF-8 text takes.
std::size_t display_width(std::string_view text);
// The start of clean text that takes at most `columns`; what was cut is marked by `mark`.
std::string fit(std::string_view text, std::size_t columns, std::string_view mark = "...");

struct Style {
  bool color = false;
  bool utf8 = false;
};

enum class Ink { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// `text` in this ink, if there is color at all.
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

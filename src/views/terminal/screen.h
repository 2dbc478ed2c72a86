#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quern::view {

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

// Makes the bytes that replace the live display on a terminal: moves up to its first line, then writes the permanent
// lines and the new display. It is a single string, so that one write shows everything without flickering. Not
// thread-safe.
class Screen {
 public:
  // `live` lines must be narrower than the screen. Lines beyond the number of rows are left out.
  std::string redraw(const std::vector<std::string>& staying, const std::vector<std::string>& live, ScreenSize size);

 private:
  std::vector<std::size_t> drawn_widths_;  // of the lines that are currently displayed
};

}  // namespace quern::view

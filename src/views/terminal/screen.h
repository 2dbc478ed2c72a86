#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quern::view {

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

// Makes the bytes that replace the live display on a terminal: up to its first line, the lines that stay above it, the
// new display. One string, so that one write shows it all and nothing flickers. Owned by one thread.
class Screen {
 public:
  // `live` lines must be narrower than the screen; more of them than there are rows are left out.
  std::string redraw(const std::vector<std::string>& staying, const std::vector<std::string>& live, ScreenSize size);

 private:
  std::vector<std::size_t> drawn_widths_;  // of the lines of the display that stands there now
};

}  // namespace quern::view

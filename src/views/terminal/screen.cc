#include "views/terminal/screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "views/terminal/text.h"

namespace quern::view {
namespace {

// The width of one of quern's own lines, which may contain escape codes for colors.
std::size_t inked_width(const std::string& line) { return display_width(clean(line)); }

}  // namespace

std::string Screen::redraw(const std::vector<std::string>& staying, const std::vector<std::string>& live,
                           ScreenSize size) {
  std::string bytes;
  // A terminal that was made narrower since the last time has wrapped the lines of the display.
  std::size_t columns = std::max<std::size_t>(size.columns, 1);
  std::size_t rows_up = 0;
  for (std::size_t width : drawn_widths_) rows_up += std::max<std::size_t>(1, (width + columns - 1) / columns);
  if (rows_up > 0) {
    bytes += fmt::format("\x1b[{}A\r", rows_up);
    bool leaves_rests = !staying.empty() || live.size() < drawn_widths_.size() || rows_up > drawn_widths_.size();
    if (leaves_rests) bytes += "\x1b[J";
  }
  for (const std::string& line : staying) bytes.append(line).append("\n");

  drawn_widths_.clear();
  std::size_t shown = std::min(live.size(), size.rows > 1 ? size.rows - 1 : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    bytes.append(live[i]).append("\x1b[K\n");
    drawn_widths_.push_back(inked_width(live[i]));
  }
  return bytes;
}

}  // namespace quern::view

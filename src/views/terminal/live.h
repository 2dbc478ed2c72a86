#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/progress.h"
#include "views/terminal/terminal_text.h"

// The live display at the bottom of the terminal while a run is under way, and the bytes that draw it again.

namespace quern::limits {

// Throughput and the time left are computed over this much time before now.
inline constexpr std::chrono::seconds kRateWindow{15};

}  // namespace quern::limits

namespace quern::view {

// What happened within a period that ends now.
struct Pace {
  std::chrono::nanoseconds over{};
  std::uint64_t decoded_bytes = 0;
  ChildTimes mappers;
  // Until the end of the map phase, if work goes on as it has from its beginning; nullopt if that cannot be told yet.
  std::optional<std::chrono::nanoseconds> left;
};

// Remembers the last limits::kRateWindow of the map phase, in coarse steps.
class PaceMeter {
 public:
  // Covers the time since the oldest remembered step; empty if no map phase is under way.
  Pace pace(const Progress& progress, ClockTime now);

 private:
  struct Step {
    ClockTime time;
    std::uint64_t decoded_bytes;
    ChildTimes mappers;
  };
  std::optional<std::chrono::nanoseconds> left(ClockTime started, double share, ClockTime now);

  std::deque<Step> steps_;
  double share_ = 0;  // of the mapping that is done, since `changed_`
  ClockTime changed_;
};

struct LiveState {
  const Progress& progress;
  Pace pace;
  ClockTime now;
};

// Returns lines of at most `columns` each; none before the first phase has started.
std::vector<std::string> render_live(const LiveState& state, const Style& style, std::size_t columns);

// Returns the part that limits the speed: "the modules (at work 94% of the time)"; "" if it is not known yet.
std::string slowest_part(const Pace& pace);

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

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "model/progress.h"
#include "views/terminal/terminal_limits.h"
#include "views/terminal/text.h"

// The live display as a pure function: what stands at the bottom of the terminal while a run goes on.

namespace quern::view {

// What happened over a stretch of time up to now.
struct Pace {
  std::chrono::nanoseconds over{};
  std::uint64_t stored_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  ChildTimes mappers;
};

// Remembers the last limits::kRateWindow of the map phase, in coarse steps.
class PaceMeter {
 public:
  // Since the oldest step remembered; nothing while no map phase goes on.
  Pace pace(const Progress& progress, ClockTime now);

 private:
  struct Step {
    ClockTime time;
    std::uint64_t stored_bytes;
    std::uint64_t decoded_bytes;
    ChildTimes mappers;
  };
  std::deque<Step> steps_;
};

struct LiveState {
  const Progress& progress;
  Pace pace;
  ClockTime now;
};

// At most `columns` wide each; none before the first phase started.
std::vector<std::string> render_live(const LiveState& state, const Style& style, std::size_t columns);

// Which part holds the run up: "the modules (at work 94% of the time)"; "" if that cannot be told yet.
std::string slowest_part(const Pace& pace);

}  // namespace quern::view

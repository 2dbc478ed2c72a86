#pragma once

#include <chrono>
#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Lines that modules print which are shown as they come, before only --verbose shows more.
inline constexpr std::size_t kShownModuleLines = 20;

// Throughput and the time left are reckoned over this long a stretch before now.
inline constexpr std::chrono::seconds kRateWindow{15};

// Lines that wait for a slow terminal; further ones are left out with a note.
inline constexpr std::size_t kQueuedViewLines = 10000;

}  // namespace quern::limits

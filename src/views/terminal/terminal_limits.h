#pragma once

#include <chrono>
#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// How many lines printed by modules are shown as they come; --verbose shows all.
inline constexpr std::size_t kShownModuleLines = 20;

// Throughput and the time left are computed over this much time before now.
inline constexpr std::chrono::seconds kRateWindow{15};

// How many lines may wait for a slow terminal; more are left out, with a note.
inline constexpr std::size_t kQueuedViewLines = 10000;

}  // namespace quern::limits

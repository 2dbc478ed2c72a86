#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Counters that a job may have; what further ones count goes to one counter for all of them.
inline constexpr std::size_t kMaxCounters = 10000;

}  // namespace quern::limits

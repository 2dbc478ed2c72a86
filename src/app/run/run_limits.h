#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// How many counters a job may have. Counts of further ones are added to a common counter.
inline constexpr std::size_t kMaxCounters = 10000;

}  // namespace quern::limits

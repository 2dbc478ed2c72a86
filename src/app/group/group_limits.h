#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// For how many failed tasks the cause is fetched: it takes two requests for each, while the watch waits.
inline constexpr std::size_t kExplainedFailures = 100;

}  // namespace quern::limits

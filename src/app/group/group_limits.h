#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Failed tasks whose own words are fetched: two requests for each, while the watch waits.
inline constexpr std::size_t kExplainedFailures = 100;

}  // namespace quern::limits

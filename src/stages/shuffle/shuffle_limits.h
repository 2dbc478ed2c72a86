#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// How many runs one merge reads at once. With little limits.memory it is fewer, with smaller blocks of each.
inline constexpr std::size_t kMergeFanIn = 64;
inline constexpr std::size_t kLeastMergeFanIn = 8;
inline constexpr std::size_t kRunBlockBytes = 256 * kKiB;
inline constexpr std::size_t kLeastRunBlockBytes = 16 * kKiB;

// The longest line of a map task's result.
inline constexpr std::size_t kMaxPairBytes = 64 * kMiB;

}  // namespace quern::limits

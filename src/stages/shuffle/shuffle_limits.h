#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Runs that one merge reads at once; with little limits.memory fewer, and smaller blocks of each.
inline constexpr std::size_t kMergeFanIn = 64;
inline constexpr std::size_t kLeastMergeFanIn = 8;
inline constexpr std::size_t kRunBlockBytes = 256 * kKiB;
inline constexpr std::size_t kLeastRunBlockBytes = 16 * kKiB;

// One line of a map task's result.
inline constexpr std::size_t kMaxPairBytes = 64 * kMiB;

}  // namespace quern::limits

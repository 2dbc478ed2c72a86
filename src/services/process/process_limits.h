#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// How much of a script is searched for the names of variables.
inline constexpr std::size_t kSearchedScriptBytes = 16 * kMiB;

// The last bytes of a child's standard error that are kept for the cause block, and the number of their lines that are
// shown.
inline constexpr std::size_t kKeptLogBytes = 64 * kKiB;
inline constexpr std::size_t kShownLogLines = 20;

}  // namespace quern::limits

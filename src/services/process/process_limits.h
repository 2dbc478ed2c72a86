#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Of a script, where the names of variables are looked for.
inline constexpr std::size_t kSearchedScriptBytes = 16 * kMiB;

// Last bytes of a child's standard error that are kept for the cause block, and the lines of them that are shown.
inline constexpr std::size_t kKeptLogBytes = 64 * kKiB;
inline constexpr std::size_t kShownLogLines = 20;

}  // namespace quern::limits

#pragma once

#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Inputs of `lines` and `files` children that are too small for a child each share one: so many, of so many stored
// bytes together, or a part of all bytes within these bounds; see docs/decisions on batches.
inline constexpr std::uint64_t kLeastBatchBytes = 64 * kKiB;
inline constexpr std::uint64_t kBatchBytes = 16 * kMiB;
inline constexpr std::uint64_t kBatchParts = 1024;
inline constexpr std::size_t kSharedBatchInputs = 64;

}  // namespace quern::limits

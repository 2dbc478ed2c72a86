#pragma once

#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Inputs of `lines` and `files` children that are too small for a child of their own share one. A batch is bounded by a
// number of inputs and by their stored bytes together, which is a fraction of all bytes within these bounds; see
// docs/decisions/0020.
inline constexpr std::uint64_t kLeastBatchBytes = 64 * kKiB;
inline constexpr std::uint64_t kBatchBytes = 16 * kMiB;
inline constexpr std::uint64_t kBatchParts = 1024;
inline constexpr std::size_t kSharedBatchInputs = 64;

}  // namespace quern::limits

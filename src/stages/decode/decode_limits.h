#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// What a decoder may need for its window or dictionary: zstd --ultra --long=31, xz with a dictionary of 1.5 GiB.
inline constexpr std::size_t kDecodeWindowBytes = 2 * kGiB;

// What is decoded by one thread at a time: small frames, members and blocks are joined up to the first size; one that
// is larger than the second, as stored or decoded, is no part, and its file is decoded by one thread.
inline constexpr std::size_t kPartBytes = 1 * kMiB;
inline constexpr std::size_t kMostPartBytes = 32 * kMiB;

// Decoded parts of one input that wait for their turn, and what one part may need for its window or dictionary.
inline constexpr std::size_t kDecodedAheadBytes = 128 * kMiB;
inline constexpr std::size_t kPartWindowBytes = 128 * kMiB;

}  // namespace quern::limits

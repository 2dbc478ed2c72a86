#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// The most a decoder may require for its window or dictionary: enough for zstd --ultra --long=31 and xz with a
// dictionary of 1.5 GiB.
inline constexpr std::size_t kDecodeWindowBytes = 2 * kGiB;

// How much of an input is looked at to see what it is, if its records are not lines.
inline constexpr std::size_t kBeginningBytes = 64 * kKiB;

// Parts, which are decoded by one thread each: small frames, members and blocks are joined up to the first size. If one
// is larger than the second, stored or decoded, its file is not split but decoded by one thread.
inline constexpr std::size_t kPartBytes = 1 * kMiB;
inline constexpr std::size_t kMostPartBytes = 32 * kMiB;

// Decoded parts of one input that wait for their turn, and the most a part may require for its window or dictionary.
inline constexpr std::size_t kDecodedAheadBytes = 128 * kMiB;
inline constexpr std::size_t kPartWindowBytes = 128 * kMiB;

}  // namespace quern::limits

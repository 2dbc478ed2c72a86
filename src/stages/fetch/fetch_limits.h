#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Objects that are fetched: larger ones come in ranges of this size.
inline constexpr std::uint64_t kFetchPartBytes = 16 * kMiB;

// What is written at once of what comes; each transfer holds so much.
inline constexpr std::size_t kFetchWriteBytes = 512 * kKiB;

// How often it is written down how much of a large object is there.
inline constexpr std::chrono::seconds kResumeStateInterval{1};
inline constexpr std::size_t kMaxResumeStateBytes = 16 * kMiB;
inline constexpr std::size_t kMaxKeptFilesBytes = 1 * kGiB;

}  // namespace quern::limits

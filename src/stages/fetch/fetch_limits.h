#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Larger objects are fetched in ranges of this size.
inline constexpr std::uint64_t kFetchPartBytes = 16 * kMiB;

// How many bytes are collected before they are written. Each transfer holds this much.
inline constexpr std::size_t kFetchWriteBytes = 512 * kKiB;

// How often the progress of a large object is recorded.
inline constexpr std::chrono::seconds kResumeStateInterval{1};
inline constexpr std::size_t kMaxResumeStateBytes = 16 * kMiB;
inline constexpr std::size_t kMaxKeptFilesBytes = 1 * kGiB;

}  // namespace quern::limits

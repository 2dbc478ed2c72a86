#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// The size of libcurl's receive buffer of each connection.
inline constexpr std::size_t kHttpBufferBytes = 256 * kKiB;
inline constexpr std::size_t kMaxUrlBytes = 64 * kKiB;
inline constexpr std::size_t kMaxRedirects = 10;

// The longest Retry-After that is honoured.
inline constexpr std::chrono::seconds kMaxRetryAfter{300};

// A transfer has stalled if it is slower than this rate for this long.
inline constexpr std::chrono::seconds kSlowWindow{30};
inline constexpr std::uint64_t kLeastBytesPerSecond = 1 * kKiB;

}  // namespace quern::limits

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// What libcurl receives at once, for each connection.
inline constexpr std::size_t kHttpBufferBytes = 256 * kKiB;
inline constexpr std::size_t kMaxUrlBytes = 64 * kKiB;
inline constexpr std::size_t kMaxRedirects = 10;

// A server that asks to be left alone for longer is asked again after this.
inline constexpr std::chrono::seconds kMaxRetryAfter{300};

// A transfer that takes this long for fewer bytes than that has stalled.
inline constexpr std::chrono::seconds kSlowWindow{30};
inline constexpr std::uint64_t kLeastBytesPerSecond = 1 * kKiB;

}  // namespace quern::limits

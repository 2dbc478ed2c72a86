#pragma once

#include <cstdint>

namespace quern::limits {

// The maximum size of an S3 object (50 TB). A larger size is wrong, whatever its source, and the input fails.
inline constexpr std::uint64_t kMaxInputBytes = 50ULL << 40;

}  // namespace quern::limits

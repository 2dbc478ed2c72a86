#pragma once

#include <cstdint>

namespace quern::limits {

// No object of S3 is larger (50 TB). A size beyond it is wrong, whatever says it, and the input fails.
inline constexpr std::uint64_t kMaxInputBytes = 50ULL << 40;

}  // namespace quern::limits

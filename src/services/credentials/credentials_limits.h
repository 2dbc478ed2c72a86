#pragma once

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// The size of new RSA keys, and the range of sizes that are accepted.
inline constexpr int kNewKeyBits = 3072;
inline constexpr int kLeastKeyBits = 2048;
inline constexpr int kMostKeyBits = 8192;

}  // namespace quern::limits

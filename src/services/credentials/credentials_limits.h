#pragma once

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Of RSA keys: a new one, and those that are taken.
inline constexpr int kNewKeyBits = 3072;
inline constexpr int kLeastKeyBits = 2048;
inline constexpr int kMostKeyBits = 8192;

}  // namespace quern::limits

#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// What Taskcluster accepts for Hawk: the length of an Authorization header, which includes a certificate, and of a path
// with its query.
inline constexpr std::size_t kMaxHawkBytes = 4096;
inline constexpr std::size_t kMaxCertificateBytes = 4096;

}  // namespace quern::limits

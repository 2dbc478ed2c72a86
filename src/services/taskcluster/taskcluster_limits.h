#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// What Taskcluster's Hawk takes: of an Authorization header, and of a path with its query. A certificate goes into it.
inline constexpr std::size_t kMaxHawkBytes = 4096;
inline constexpr std::size_t kMaxCertificateBytes = 4096;

}  // namespace quern::limits

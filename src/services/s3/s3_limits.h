#pragma once

#include <chrono>
#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Credentials that can be renewed are renewed this long before they expire, and after a failure again only after the
// pause. Credentials that expire within kLeastCredentialLife are not used, because a request takes a while to arrive
// and clocks differ.
inline constexpr std::chrono::minutes kRefreshBeforeExpiry{5};
inline constexpr std::chrono::seconds kRefreshPause{30};
inline constexpr std::chrono::minutes kLeastCredentialLife{1};

// An upload has at most so many parts, so those of a large object are larger than kUploadPartBytes.
inline constexpr std::size_t kUploadPartBytes = 8 * kMiB;
inline constexpr std::size_t kMostUploadParts = 10000;

// How often an upload that failed is removed, and how long one try may take: it is done after a Ctrl-C, too.
inline constexpr std::size_t kAbortAttempts = 3;
inline constexpr std::chrono::seconds kAbortTimeout{10};

}  // namespace quern::limits

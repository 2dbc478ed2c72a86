#pragma once

#include <chrono>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Credentials that can be renewed are renewed this long before they expire, and after a failure again only after the
// pause. Credentials that expire within kLeastCredentialLife are not used, because a request takes a while to arrive
// and clocks differ.
inline constexpr std::chrono::minutes kRefreshBeforeExpiry{5};
inline constexpr std::chrono::seconds kRefreshPause{30};
inline constexpr std::chrono::minutes kLeastCredentialLife{1};

}  // namespace quern::limits

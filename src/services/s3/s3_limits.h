#pragma once

#include <chrono>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Credentials that can be refreshed are, this long before they end; after a failure again only after a pause. None are
// signed with that end sooner than the last of these: a request takes a while to arrive, and clocks differ.
inline constexpr std::chrono::minutes kRefreshBeforeExpiry{5};
inline constexpr std::chrono::seconds kRefreshPause{30};
inline constexpr std::chrono::minutes kLeastCredentialLife{1};

}  // namespace quern::limits

#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Of what such a program says, and of why a job failed, in a mail about it.
inline constexpr std::size_t kKeptSendmailBytes = 4 * kKiB;
inline constexpr std::size_t kMailedDetailsBytes = 16 * kKiB;

}  // namespace quern::limits

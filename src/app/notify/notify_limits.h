#pragma once

#include <cstddef>

#include "model/limits.h"

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// How much of such a program's output, and of a failure's explanation, goes into a mail.
inline constexpr std::size_t kKeptSendmailBytes = 4 * kKiB;
inline constexpr std::size_t kMailedDetailsBytes = 16 * kKiB;

}  // namespace quern::limits

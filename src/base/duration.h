#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

// Parses "2h", "90s", "1h30m", "500ms", "1.5 hours" or "3600" (seconds). Units: ms, s, m, h, d and their full words.
// kBadConfig, explaining the format, if `text` is not a duration.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// Returns the shortest exact form that parse_duration accepts: "2h", "1h30m", "1m30s" (for 90 seconds), "0s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace quern

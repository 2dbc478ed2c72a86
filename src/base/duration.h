#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

// "2h", "90s", "1h30m", "500ms", "1.5 hours", "3600" (seconds) -> milliseconds. Units: ms, s, m, h, d and their words.
// The error (kBadConfig) says what a duration looks like.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest exact form that parse_duration takes back: "2h", "1h30m", "90s" as "1m30s", "0s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace quern

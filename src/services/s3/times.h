#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/utc_time.h"

// Times in the formats of signatures and HTTP. Pure functions.

namespace quern::s3 {

// Returns "20150830T123600Z", as in signatures.
std::string basic_time(UtcTime time);
// Parses "Sun, 30 Aug 2015 12:36:00 GMT", as in the Date header. Returns nullopt if the text is not such a time.
std::optional<UtcTime> parse_http_date(std::string_view text);

}  // namespace quern::s3

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/utc_time.h"

// Times as signatures and HTTP write them. Pure functions.

namespace quern::s3 {

// "20150830T123600Z", as in signatures.
std::string basic_time(UtcTime time);
// "Sun, 30 Aug 2015 12:36:00 GMT", as in the Date header. None: it is no such time.
std::optional<UtcTime> parse_http_date(std::string_view text);

}  // namespace quern::s3

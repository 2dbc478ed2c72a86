#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Times of day as ISO 8601 and RFC 3339 write them, in UTC, whatever the locale and the time zone. Pure functions.

namespace quern {

using UtcTime = std::chrono::system_clock::time_point;

// "2015-08-30T12:36:00Z"; a fraction of a second is dropped.
std::string format_utc(UtcTime time);
// Takes that back; also with a fraction of a second, which is dropped, and with an offset such as +02:00 instead of Z.
// None: it is no such time.
std::optional<UtcTime> parse_utc(std::string_view text);
// The same with its fraction, for durations between such times.
std::optional<UtcTime> parse_utc_exactly(std::string_view text);

// "3 minutes", "40 seconds", "2 days": roughly, for messages. Of a negative one, its length.
std::string rough_duration(std::chrono::seconds duration);

}  // namespace quern

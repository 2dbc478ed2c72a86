#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Points in time as ISO 8601 and RFC 3339 write them, in UTC, independent of the locale and the time zone. Pure
// functions.

namespace quern {

using UtcTime = std::chrono::system_clock::time_point;

// Returns "2015-08-30T12:36:00Z"; drops any fraction of a second.
std::string format_utc(UtcTime time);
// Parses that form, also with a fraction of a second, which is dropped, and with an offset such as +02:00 instead of Z.
// Returns nullopt if `text` is not such a time.
std::optional<UtcTime> parse_utc(std::string_view text);
// Like parse_utc but keeps the fraction, for durations between such times.
std::optional<UtcTime> parse_utc_exactly(std::string_view text);

// Returns a rough duration for messages: "3 minutes", "40 seconds", "2 days". Ignores the sign.
std::string rough_duration(std::chrono::seconds duration);

}  // namespace quern

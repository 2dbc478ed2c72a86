#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Times as AWS and HTTP write them, always in UTC. Pure functions, whatever the locale and the time zone.

namespace quern::s3 {

using Time = std::chrono::system_clock::time_point;

// "20150830T123600Z", as in signatures.
std::string basic_time(Time time);
// "2015-08-30T12:36:00Z", for messages.
std::string extended_time(Time time);
// "2015-08-30T12:36:00Z", also with a fraction of a second, which is dropped. None: it is no such time.
std::optional<Time> parse_extended_time(std::string_view text);
// "Sun, 30 Aug 2015 12:36:00 GMT", as in the Date header. None: it is no such time.
std::optional<Time> parse_http_date(std::string_view text);
// "3 minutes", "40 seconds", "2 days": roughly, for messages. Of a negative one, its length.
std::string rough_duration(std::chrono::seconds duration);

}  // namespace quern::s3

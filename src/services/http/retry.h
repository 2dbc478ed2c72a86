#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "services/http/http.h"
#include "services/http/http_limits.h"

// When a failed attempt is repeated. Pure functions: the clock and the random number come in.

namespace quern::http {

// Of an answer with this status, and of S3's error documents with this Code ("" if there is none).
bool is_repeated(int status, std::string_view code);

// Such an answer says that the host is busy, not that the request is bad: others that are asked of it wait too.
bool is_busy(int status);

// How long to wait after `attempts_made` attempts (at least 1): `uniform`, which is in [0, 1), of the back-off's
// ceiling, but no less than what the server asks for, up to limits::kMaxRetryAfter.
std::chrono::milliseconds retry_wait(const RetryPolicy& policy, std::size_t attempts_made, double uniform,
                                     std::optional<std::chrono::seconds> retry_after);

// The value of a Retry-After header: seconds, or an HTTP date. None: it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace quern::http

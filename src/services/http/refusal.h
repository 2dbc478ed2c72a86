#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Refusals: what an answer says of its reason, and when a failed attempt is repeated. Pure functions.

namespace quern::limits {

// The longest Retry-After that is honoured.
inline constexpr std::chrono::seconds kMaxRetryAfter{300};

}  // namespace quern::limits

namespace quern::http {

// Returns a text of a server as one line for people, cut. Removes the request's query if the server repeats it, because
// it may contain a signature.
std::string presentable(std::string_view text);

struct Refusal {
  int status = 0;
  // From an S3 error document; "" if it has none.
  std::string code;
  std::string message;
  std::string request_id;  // possibly from a header
};

// `body` is the beginning of the answer's body. Never fails: what is missing stays empty.
Refusal read_refusal(const Head& head, std::string_view body);

// Returns an error such as "HTTP status 404, NoSuchKey: The specified key does not exist. (request id
// 4442587FB7D0A2F9)".
Error to_error(const Refusal& refusal);

// When a failed attempt is repeated: the time and the random number are parameters.

// Whether an answer with this status, and this Code in an S3 error document ("" if there is none), is repeated.
bool is_repeated(int status, std::string_view code);

// Whether the status means that the host is busy, not that the request is bad, so that other requests to it wait too.
bool is_busy(int status);

// Returns how long to wait after `attempts_made` attempts (at least 1): `uniform`, in [0, 1), times the ceiling of the
// back-off, but at least as long as the server requests, up to limits::kMaxRetryAfter.
std::chrono::milliseconds retry_wait(const RetryPolicy& policy, std::size_t attempts_made, double uniform,
                                     std::optional<std::chrono::seconds> retry_after);

// Parses a Retry-After header: seconds, or an HTTP date. Returns nullopt if it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace quern::http

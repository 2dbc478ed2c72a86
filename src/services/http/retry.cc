#include "services/http/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "services/http/http_limits.h"

namespace quern::http {

bool is_repeated(int status, std::string_view code) {
  // S3 answers 400 RequestTimeout if it waited too long for the bytes of the request.
  if (status == 400) return code == "RequestTimeout";
  return status == 408 || status == 500 || is_busy(status);
}

bool is_busy(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

std::chrono::milliseconds retry_wait(const RetryPolicy& policy, std::size_t attempts_made, double uniform,
                                     std::optional<std::chrono::seconds> retry_after) {
  std::chrono::milliseconds ceiling = policy.first_wait;
  for (std::size_t i = 1; i < attempts_made && ceiling < policy.longest_wait; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, policy.longest_wait);
  std::chrono::milliseconds wait(static_cast<std::int64_t>(uniform * static_cast<double>(ceiling.count())));
  if (!retry_after.has_value()) return wait;
  return std::max<std::chrono::milliseconds>(wait, std::min(*retry_after, limits::kMaxRetryAfter));
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::system_clock::time_point now) {
  std::uint32_t seconds = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ptr == text.data() + text.size() && parsed.ec == std::errc()) return std::chrono::seconds(seconds);
  // "12.5" and "-3" are not dates either, although they begin like a form that libcurl accepts.
  if (text.empty() || text.find(':') == std::string_view::npos) return std::nullopt;
  auto date = parse_http_date(text);
  if (!date.has_value()) return std::nullopt;
  return std::max(std::chrono::seconds(0), std::chrono::ceil<std::chrono::seconds>(*date - now));
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  std::time_t seconds = ::curl_getdate(std::string(text).c_str(), nullptr);
  // The clock counts nanoseconds, which overflow in the year 2262.
  constexpr std::time_t kMost = 9'000'000'000;
  if (seconds < 0 || seconds > kMost) return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace quern::http

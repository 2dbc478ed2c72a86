#include "services/http/refusal.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "model/limits.h"

namespace quern::http {
namespace {

std::string unescaped(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    char c = text[i];
    std::size_t used = 1;
    for (const auto& [entity, character] : kEntities) {
      if (text.substr(i).starts_with(entity)) {
        c = character;
        used = entity.size();
      }
    }
    result += c;
    i += used;
  }
  return result;
}

// Returns the text of the first element with this name. Tolerant, because error documents come from many kinds of
// servers and are used only for messages.
std::string element(std::string_view document, std::string_view name) {
  std::string open(1, '<');
  open.append(name).append(">");
  std::size_t begin = document.find(open);
  if (begin == std::string_view::npos) return "";
  begin += open.size();
  std::size_t end = document.find("</", begin);
  if (end == std::string_view::npos) return "";
  return presentable(unescaped(document.substr(begin, end - begin)));
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 404:
    case 410:
      return ErrorKind::kNotFound;
    case 401:
    case 403:
      return ErrorKind::kDenied;
    default:
      return ErrorKind::kBadInput;
  }
}

}  // namespace

std::string presentable(std::string_view text) {
  std::string line;
  bool in_query = false;
  for (char c : text.substr(0, limits::kMaxErrorTextBytes)) {
    bool is_blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (in_query && !is_blank) continue;
    in_query = !in_query && c == '?';
    line += is_blank ? ' ' : c;
  }
  while (line.ends_with(' ') || line.ends_with('.')) line.pop_back();
  return line;
}

Refusal read_refusal(const Head& head, std::string_view body) {
  Refusal refusal{.status = head.status};
  if (body.find("<Error") != std::string_view::npos) {
    refusal.code = element(body, "Code");
    refusal.message = element(body, "Message");
    refusal.request_id = element(body, "RequestId");
  }
  if (refusal.request_id.empty()) refusal.request_id = presentable(head.header("x-amz-request-id").value_or(""));
  return refusal;
}

Error to_error(const Refusal& refusal) {
  std::string message = "HTTP status " + std::to_string(refusal.status);
  if (!refusal.code.empty()) message += ", " + refusal.code;
  if (!refusal.message.empty()) message += ": " + refusal.message;
  if (!refusal.request_id.empty()) message += " (request id " + refusal.request_id + ")";
  return Error{.kind = kind_of(refusal.status), .message = std::move(message), .code = refusal.status};
}

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

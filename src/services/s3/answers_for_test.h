#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/utc_time.h"
#include "services/http/http.h"

namespace quern::s3 {

inline UtcTime today() { return parse_utc("2026-11-05T08:00:00Z").value(); }

inline http::Response answer(int status, std::string body = "", std::vector<http::Header> headers = {}) {
  return {.head = {.status = status, .headers = std::move(headers)}, .body = std::move(body)};
}

// Returns "none" or "twice" if the header does not occur exactly once.
inline std::string header_of(const http::Request& request, const std::string& name) {
  std::string value = "none";
  for (const http::Header& header : request.headers) {
    if (header.name == name) value = value == "none" ? header.value : "twice";
  }
  return value;
}

}  // namespace quern::s3

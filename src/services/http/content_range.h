#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::http {

// "bytes 0-99/1234", "bytes 0-99/*", or, in an answer with status 416, "bytes */1234".
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;             // 0 only for status 416
  std::optional<std::uint64_t> total;  // nullopt: the server does not know it
};

// Parses a Content-Range header (RFC 9110, 14.4). Returns nullopt if it is not valid.
std::optional<ContentRange> parse_content_range(std::string_view text);

// Parses a Content-Length header. Returns nullopt if it is not a number.
std::optional<std::uint64_t> parse_content_length(std::string_view text);

}  // namespace quern::http

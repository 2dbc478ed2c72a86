#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

namespace quern::http {

// Builds a Head from the lines of an answer as they arrive. Skips the headers of interim answers (100 Continue), and
// trailers. Not thread-safe.
class HeadReader {
 public:
  // `url` is the URL that answers, in the form of Head::url.
  void start(std::string url);
  // Returns true if this line ends the header of the final answer.
  bool add(std::string_view line);
  bool is_complete() const { return is_complete_; }
  const Head& head() const { return head_; }

 private:
  Head head_;
  bool is_complete_ = false;
};

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

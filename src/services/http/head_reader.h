#pragma once

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

}  // namespace quern::http

#pragma once

#include <string>
#include <string_view>

#include "services/http/http.h"

namespace quern::http {

// Builds a Head from the lines of an answer as they come. Heads of interim answers (100 Continue) are passed over, and
// so are trailers. Belongs to one thread.
class HeadReader {
 public:
  // `url` is what answers, as Head::url shows it.
  void start(std::string url);
  // True: this line ends the head of the answer that counts.
  bool add(std::string_view line);
  bool is_complete() const { return is_complete_; }
  const Head& head() const { return head_; }

 private:
  Head head_;
  bool is_complete_ = false;
};

}  // namespace quern::http

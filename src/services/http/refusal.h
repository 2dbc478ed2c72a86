#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// What an answer says of why it refuses. Pure functions.

namespace quern::http {

struct Refusal {
  int status = 0;
  // Of an S3 error document, "" where it has none.
  std::string code;
  std::string message;
  std::string request_id;  // also from the head
};

// `body` is the beginning of the answer's body. Never fails: what is not there stays empty.
Refusal read_refusal(const Head& head, std::string_view body);

// "HTTP status 404, NoSuchKey: The specified key does not exist. (request id 4442587FB7D0A2F9)".
Error to_error(const Refusal& refusal);

}  // namespace quern::http

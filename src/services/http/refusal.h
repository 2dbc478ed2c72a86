#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Extracts the reason of a refusal from an answer. Pure functions.

namespace quern::http {

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

}  // namespace quern::http

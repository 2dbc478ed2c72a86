#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/http.h"

// The pieces of a request in the one form that AWS Signature Version 4 signs, so that both sides sign the same bytes:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Pure functions.

namespace quern::s3 {

// What becomes of the path as it is sent. S3 signs it as it is: its keys may hold "//" and "..". Every other service
// removes dot segments and repeated slashes, and encodes the path once more.
struct PathRule {
  bool normalises = false;
  bool encodes = false;
};

std::string canonical_path(std::string_view path, PathRule rule);

// Parameters decoded, encoded again as AWS does, and sorted. kBadInput: a '%' stands for nothing.
Result<std::string> canonical_query(std::string_view query);

struct CanonicalHeaders {
  std::string lines;  // "name:value\n" each, sorted by name
  std::string names;  // "host;x-amz-date"
};
// Values of the same name are joined in their order; white space is trimmed, and within a value one space is left of
// it.
CanonicalHeaders canonical_headers(const std::vector<http::Header>& headers);

}  // namespace quern::s3

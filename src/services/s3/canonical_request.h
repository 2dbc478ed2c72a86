#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/http.h"

// Brings the parts of a request into the canonical form that AWS Signature Version 4 signs, so that both sides sign the
// same bytes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Pure
// functions.

namespace quern::s3 {

// How the path is changed for signing. S3 signs it as it is sent, because its keys may contain "//" and "..". Every
// other service removes dot segments and repeated slashes, and encodes the path once more.
struct PathRule {
  bool normalises = false;
  bool encodes = false;
};

std::string canonical_path(std::string_view path, PathRule rule);

// Returns the parameters decoded, encoded again as AWS does, and sorted. kBadInput if a '%' is not followed by two
// hexadecimal digits.
Result<std::string> canonical_query(std::string_view query);

struct CanonicalHeaders {
  std::string lines;  // "name:value\n" for each, sorted by name
  std::string names;  // "host;x-amz-date"
};
// Values of the same name are joined in order. White space around a value is removed; within a value it is reduced to
// one space.
CanonicalHeaders canonical_headers(const std::vector<http::Header>& headers);

}  // namespace quern::s3

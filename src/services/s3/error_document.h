#pragma once

#include <string>

#include "base/result.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/signer.h"

namespace quern::s3 {

// The request that was refused, for messages.
struct Asked {
  std::string name;                             // s3://bucket/key, or the URL of the service; "": the caller adds it
  std::string bucket;                           // "" for STS
  std::string permission;                       // "s3:ListBucket"
  std::string region;                           // the region that was signed for
  const AwsCredentials* credentials = nullptr;  // nullptr: anonymous
  bool pays = false;                            // as the requester
};

// Returns the error for an answer of 300 or above: what the server says, and what the user can do about it. Pure.
Error explain_refusal(const http::Response& response, const Asked& asked, UtcTime now);

// Returns the region of a bucket that a refusal names; "" if it names none or an invalid one.
std::string region_in(const http::Response& response);

}  // namespace quern::s3

#pragma once

#include <string>

#include "base/result.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/times.h"

namespace quern::s3 {

// What was asked for, for messages.
struct Asked {
  std::string name;                             // s3://bucket/key, or the URL of the service; "": the caller says it
  std::string bucket;                           // "" of STS
  std::string permission;                       // "s3:ListBucket"
  std::string region;                           // that was signed for
  const AwsCredentials* credentials = nullptr;  // nullptr: anonymous
  bool pays = false;                            // as a requester
};

// The error that an answer of 300 or above stands for: what the server says, and what its user can do about it. Pure.
Error explain_refusal(const http::Response& response, const Asked& asked, UtcTime now);

// The region that a refusal says a bucket is in; "" if it says none, or nothing that can be one.
std::string region_in(const http::Response& response);

}  // namespace quern::s3

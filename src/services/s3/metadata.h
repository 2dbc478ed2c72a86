#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/credential_provider.h"
#include "services/s3/signer.h"

// Temporary credentials from the environment that a process runs in: the endpoint of its container (ECS, EKS Pod
// Identity) or the metadata of its instance (IMDSv2). They are requested again before they expire.

namespace quern::s3 {

struct MetadataOptions {
  // Returns an environment variable's value, or null.
  std::function<const char*(const char*)> environment;
  Clock now;
  // Parses {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} without leaving copies in memory; `source` is for
  // messages.
  std::function<Result<AwsCredentials>(std::string_view json, std::string_view source)> parse;
  std::function<Result<std::unique_ptr<http::Client>>(http::ClientOptions)> make_client = http::make_client;
};

// Sends no request before the first signature is needed. Then it asks:
// 1. the container's endpoint, if AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI names
//    it, with the authorization from AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN; a
//    failure there is an error;
// 2. otherwise the instance's metadata, at AWS_EC2_METADATA_SERVICE_ENDPOINT or http://169.254.169.254, unless
//    AWS_EC2_METADATA_DISABLED is true. If there is no answer, or the instance has no role, requests are anonymous.
//
// Returns nullptr if no container endpoint is named and the instance's metadata is disabled. kBadConfig if the full URI
// is not https and leads outside of this machine and AWS's container endpoints.
Result<std::unique_ptr<CredentialProvider>> make_metadata_provider(MetadataOptions options);

}  // namespace quern::s3

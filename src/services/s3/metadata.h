#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/credential_provider.h"
#include "services/s3/signer.h"

// Credentials that the surroundings of a process hand out: the endpoint of its container (ECS, EKS Pod Identity), or
// the metadata of its instance (IMDSv2). They are temporary, and asked for again before they end.

namespace quern::s3 {

struct MetadataOptions {
  // An environment variable's value, or null.
  std::function<const char*(const char*)> environment;
  Clock now;
  // Reads {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} and leaves no copy behind; `source` is for
  // messages.
  std::function<Result<AwsCredentials>(std::string_view json, std::string_view source)> parse;
  std::function<Result<std::unique_ptr<http::Client>>(http::ClientOptions)> make_client = http::make_client;
};

// Asks nobody before the first request is signed, and then only:
// 1. the container's endpoint, where AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI name
//    it, with the authorization of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN; one
//    that fails is an error;
// 2. else the instance's, at AWS_EC2_METADATA_SERVICE_ENDPOINT or http://169.254.169.254, unless
// AWS_EC2_METADATA_DISABLED
//    is true. Where nobody answers there, or the instance has no role, requests are anonymous.
// nullptr: the instance's is disabled, and no container's is named.
// kBadConfig: the full URI is not https and leads off this machine and its own network of metadata.
Result<std::unique_ptr<CredentialProvider>> make_metadata_provider(MetadataOptions options);

}  // namespace quern::s3

#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/credential_provider.h"
#include "services/s3/signer.h"

// Temporary credentials with other rights, from AWS's Security Token Service.

namespace quern::s3 {

// What may be read: the objects of a bucket whose keys begin with the prefix.
struct Grant {
  std::string bucket;
  std::string prefix;  // "" is all
};

// The policy that allows s3:GetObject on these objects, and s3:ListBucket of these prefixes; nothing else. Wildcards in
// prefixes mean themselves. `region` says which partition of AWS the buckets are in. kBadConfig: there is no grant, or
// the policy is longer than AWS takes.
Result<std::string> policy_for(const std::vector<Grant>& grants, std::string_view region);

struct FederationRequest {
  std::string name;                     // of the session, as logs of AWS show it: 2 to 32 letters, digits and +=,.@-_
  std::string policy;                   // JSON
  std::chrono::seconds duration{3600};  // 15 minutes to 36 hours
  std::string region;
  std::string endpoint = {};  // AWS_ENDPOINT_URL_STS; "": AWS's own for the region
};

// GetFederationToken (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html). kDenied: there
// are no credentials to ask with, or AWS refuses them; it takes only long-term ones of a user. kBadConfig: the request
// is outside of what AWS takes. Blocks.
Result<AwsCredentials> federate(http::Client& client, CredentialProvider& provider, const FederationRequest& request,
                                const Clock& now, const std::stop_token& stop);

struct RoleRequest {
  std::string arn;
  std::string session_name;
  std::string external_id = {};       // "" if there is none
  std::string duration_seconds = {};  // "": AWS's own
  std::string region;
  std::string endpoint = {};  // "": AWS's own for the region
};

// AssumeRole (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html), with the rights of `provider`.
// kDenied: there are no credentials to ask with, or AWS refuses them the role. Blocks.
Result<AwsCredentials> assume_role(http::Client& client, CredentialProvider& provider, const RoleRequest& request,
                                   const Clock& now, const std::stop_token& stop);

// AssumeRoleWithWebIdentity: with a token of somebody whom AWS was told to trust, in a request that is not signed.
// Blocks.
Result<AwsCredentials> assume_role_with_web_identity(http::Client& client, std::string_view token,
                                                     const RoleRequest& request, const Clock& now,
                                                     const std::stop_token& stop);

}  // namespace quern::s3

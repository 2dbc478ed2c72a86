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

// Temporary credentials with restricted or different rights, from AWS's Security Token Service.

namespace quern::s3 {

// What may be read: the objects of a bucket whose keys begin with the prefix.
struct Grant {
  std::string bucket;
  std::string prefix;  // "" means all
};

// Returns the policy that allows s3:GetObject on these objects and s3:ListBucket for these prefixes, and nothing else.
// Wildcard characters in prefixes are literal. `region` determines the AWS partition of the buckets. kBadConfig if
// there is no grant, or the policy is longer than AWS accepts.
Result<std::string> policy_for(const std::vector<Grant>& grants, std::string_view region);

struct FederationRequest {
  std::string name;                     // of the session, as shown in AWS's logs: 2 to 32 letters, digits and +=,.@-_
  std::string policy;                   // JSON
  std::chrono::seconds duration{3600};  // 15 minutes to 36 hours
  std::string region;
  std::string endpoint = {};  // AWS_ENDPOINT_URL_STS; "": AWS's own for the region
};

// GetFederationToken (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html). kDenied if
// there are no credentials to ask with, or AWS refuses them; AWS accepts only the long-term credentials of a user.
// kBadConfig if the request exceeds AWS's limits. Blocks.
Result<AwsCredentials> federate(http::Client& client, CredentialProvider& provider, const FederationRequest& request,
                                const Clock& now, const std::stop_token& stop);

struct RoleRequest {
  std::string arn;
  std::string session_name;
  std::string external_id = {};       // "" if there is none
  std::string duration_seconds = {};  // "": AWS's default
  std::string region;
  std::string endpoint = {};  // "": AWS's own for the region
};

// AssumeRole (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html), using the rights of `provider`.
// kDenied if there are no credentials to ask with, or AWS does not let them assume the role. Blocks.
Result<AwsCredentials> assume_role(http::Client& client, CredentialProvider& provider, const RoleRequest& request,
                                   const Clock& now, const std::stop_token& stop);

// AssumeRoleWithWebIdentity: uses a token from an identity provider that AWS was configured to trust, in an unsigned
// request. Blocks.
Result<AwsCredentials> assume_role_with_web_identity(http::Client& client, std::string_view token,
                                                     const RoleRequest& request, const Clock& now,
                                                     const std::stop_token& stop);

}  // namespace quern::s3

#pragma once

#include <optional>
#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "model/credentials.h"

namespace quern::credentials {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, with AWS_CREDENTIAL_EXPIRATION and the region where
// they are set. None: neither of the first two is; an empty variable counts as one that is not set. kBadInput: only one
// of them is, or a value cannot be one (check_credentials). Touches nothing but the environment.
Result<std::optional<AwsCredentials>> from_environment(const EnvironmentLookup& environment);

// AWS_REGION, else AWS_DEFAULT_REGION, else "".
std::string region_of(const EnvironmentLookup& environment);

// What every source owes to its users: kBadInput, naming the field and the source but no value, if the key id or the
// secret key is missing, a field has control characters (key id, token and region go into headers), or is not UTF-8.
Result<void> check_credentials(const AwsCredentials& credentials);

}  // namespace quern::credentials

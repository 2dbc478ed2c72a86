#pragma once

#include <optional>
#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "model/credentials.h"

namespace quern::credentials {

// Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and AWS_CREDENTIAL_EXPIRATION and the region if
// they are set. Returns nullopt if neither of the first two is set; an empty variable counts as unset. kBadInput if
// only one of them is set or a value is invalid (check_credentials). Touches nothing but the environment.
Result<std::optional<AwsCredentials>> from_environment(const EnvironmentLookup& environment);

// Returns AWS_REGION, else AWS_DEFAULT_REGION, else "".
std::string region_of(const EnvironmentLookup& environment);

// Checks credentials from any source. kBadInput, naming the field and the source but no value, if the key id or the
// secret key is missing, or a field contains control characters (key id, token and region go into headers) or is not
// UTF-8.
Result<void> check_credentials(const AwsCredentials& credentials);

}  // namespace quern::credentials

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/credentials.h"
#include "services/credentials/environment.h"

namespace quern::credentials {

// The long-term or temporary keys of a profile: of `named`, else of the one in AWS_PROFILE, else of "default". From
// ~/.aws/credentials and ~/.aws/config, or the files that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name; where
// both files have a property, that of the credentials file counts. The region is that of AWS_REGION or
// AWS_DEFAULT_REGION, else the profile's. Reads these files, and nothing else.
//
// None: there is no such file, or the default profile is not in it or has no keys. kBadInput, with file:line where
// there is one: a line that is none, half a pair of keys, a value that cannot be one. kNotFound: the profile, or a file
// that was named, is not there. kDenied: the profile gets its credentials in a way that quern does not know
// (sso_session, role_arn, credential_process, web_identity_token_file, ...); the message names the setting.
Result<std::optional<AwsCredentials>> from_profile(const EnvironmentLookup& environment, const std::string& named = "");

// The region of AWS_REGION, else of AWS_DEFAULT_REGION, else of the profile that from_profile would take; "" if none
// says. Errors as from_profile, but for those of the keys.
Result<std::string> region_of_profile(const EnvironmentLookup& environment, const std::string& named = "");

}  // namespace quern::credentials

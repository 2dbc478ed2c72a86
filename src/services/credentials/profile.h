#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "services/credentials/aws_environment.h"

// Reads ~/.aws/credentials and ~/.aws/config, or the files that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name,
// as boto3 does. The profile is `named`, else AWS_DEFAULT_PROFILE, else AWS_PROFILE, else "default"; a property in the
// credentials file overrides the same one in the config file. Reads these files and nothing else; blocks on the disk.
//
// kBadInput, with file:line if there is one, for an invalid line, an incomplete pair of keys, or contradictory
// settings. kNotFound if the profile, or a file that was named explicitly, does not exist.

namespace quern::credentials {

struct AssumedRole {
  std::string arn;
  std::string session_name;
  std::string external_id;       // "" if there is none
  std::string duration_seconds;  // as written; "" means AWS's default
  std::string source;            // for messages: "the role ARN of profile NAME"
};

// The origin of a profile's credentials, and the roles to assume with them. Move-only.
struct ProfileCredentials {
  enum class Origin {
    kNone,
    kKeys,
    kProcess,      // a program that prints the credentials
    kWebIdentity,  // the first role is assumed with the token in a file
    kEnvironment,  // AWS_ACCESS_KEY_ID and so on, as specified by credential_source, like the next two
    kContainer,
    kInstance,
  };
  Origin origin = Origin::kNone;
  std::string source = {};                  // of the origin, for messages
  std::optional<AwsCredentials> keys = {};  // for kKeys
  std::string command = {};                 // for kProcess
  std::string token_file = {};              // for kWebIdentity
  std::vector<AssumedRole> roles = {};      // in order; each is assumed with the credentials of the previous one
  std::string region = {};                  // AWS_REGION or AWS_DEFAULT_REGION, else the profile's; or ""
};

// Searches in boto3's order: a role, a web identity (from AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, unless a
// profile is `named`, or from the profile), keys in the credentials file, a process, keys in the config file. kNone if
// the profile has none of these. kDenied if it needs a person to sign in (sso_session, login_session) or to type a code
// (mfa_serial); the message includes the command for that.
Result<ProfileCredentials> from_profile(const EnvironmentLookup& environment, const std::string& named = "");

// Returns AWS_REGION, else AWS_DEFAULT_REGION, else the region of the profile, else "".
Result<std::string> region_of_profile(const EnvironmentLookup& environment, const std::string& named = "");

// Returns the server for the service "s3" or "sts": AWS_ENDPOINT_URL_S3 (or _STS), else AWS_ENDPOINT_URL, else the
// endpoint_url in the services section that the profile names, else that of the profile; "" means AWS's own server.
// All of them are ignored if AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true, or if it is not set and the profile's
// ignore_configured_endpoint_urls is true.
Result<std::string> endpoint_of(std::string_view service, const EnvironmentLookup& environment,
                                const std::string& named = "");

}  // namespace quern::credentials

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "services/credentials/environment.h"

// What ~/.aws/credentials and ~/.aws/config say, or the files that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE
// name, taken as boto3 takes it. The profile is `named`, else that of AWS_DEFAULT_PROFILE, else of AWS_PROFILE, else
// "default"; a property of the credentials file counts before the same one of the config file. Reads these files, and
// nothing else.
//
// kBadInput, with file:line where there is one: a line that is none, half a pair of keys, settings that contradict each
// other. kNotFound: the profile, or a file that was named, is not there.

namespace quern::credentials {

struct AssumedRole {
  std::string arn;
  std::string session_name;
  std::string external_id;       // "" if there is none
  std::string duration_seconds;  // as written; "" is AWS's own
  std::string source;            // for messages: "the role ARN of profile NAME"
};

// Where the credentials of a profile come from, and what becomes of them. Move-only.
struct ProfileCredentials {
  enum class Origin {
    kNone,
    kKeys,
    kProcess,      // a program that prints them
    kWebIdentity,  // the first role is assumed with the token in a file
    kEnvironment,  // AWS_ACCESS_KEY_ID and so on, as credential_source says; likewise the next two
    kContainer,
    kInstance,
  };
  Origin origin = Origin::kNone;
  std::string source = {};                  // of the origin, for messages
  std::optional<AwsCredentials> keys = {};  // of kKeys
  std::string command = {};                 // of kProcess
  std::string token_file = {};              // of kWebIdentity
  std::vector<AssumedRole> roles = {};      // each assumed with what the one before gave
  std::string region = {};                  // of AWS_REGION or AWS_DEFAULT_REGION, else of the profile; or ""
};

// In boto3's order: a role, a web identity (of AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, unless a profile is
// `named`, or of the profile), keys of the credentials file, a process, keys of the config file. kNone where the
// profile has none of these. kDenied: it needs a person, who signs in (sso_session, login_session) or types a number
// (mfa_serial); the message has the command that does so.
Result<ProfileCredentials> from_profile(const EnvironmentLookup& environment, const std::string& named = "");

// The region of AWS_REGION, else of AWS_DEFAULT_REGION, else of the profile; "" if none says.
Result<std::string> region_of_profile(const EnvironmentLookup& environment, const std::string& named = "");

// The server to ask for a service, "s3" or "sts": AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL, else the endpoint_url of
// the services section that the profile names, else that of the profile; "" is AWS's own. None of them counts where
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the profile's ignore_configured_endpoint_urls is true.
Result<std::string> endpoint_of(std::string_view service, const EnvironmentLookup& environment,
                                const std::string& named = "");

}  // namespace quern::credentials

#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"

namespace quern {

// AWS credentials, from wherever they come. Move-only, as what it holds is secret.
struct AwsCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty for long-term keys
  std::string region;    // "" if the source does not say
  std::optional<std::chrono::system_clock::time_point> expires;
  std::string source;  // for messages: "CREDENTIALS", "AWS_ACCESS_KEY_ID", "profile default of ~/.aws/credentials"
};

}  // namespace quern

#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"

namespace quern {

// AWS credentials from any source. Move-only, because they are secret.
struct AwsCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty for long-term keys
  std::string region;    // "" if the source does not specify one
  std::optional<std::chrono::system_clock::time_point> expires;
  std::string source;  // for messages: "CREDENTIALS", "AWS_ACCESS_KEY_ID", "profile default of ~/.aws/credentials"
};

}  // namespace quern

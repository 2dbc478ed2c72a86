#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/image_name.h"

// What registries are asked and what they answer, as the OCI's distribution specification and Docker have them
// (https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/).
// Pure functions.

namespace quern::app::doctor {

// Where the manifest is: "https://registry-1.docker.io/v2/library/debian/manifests/latest". As Docker does it, a
// registry on this machine itself is asked without TLS.
std::string manifest_url(const ImageName& name);

// What a registry wants to see instead of a password: a token of whoever is at `realm`.
struct TokenChallenge {
  std::string realm;  // a URL
  std::string service;
  std::string scope;
};
// The value of WWW-Authenticate. None: it asks for something else than a token.
std::optional<TokenChallenge> parse_token_challenge(std::string_view header);
// The URL to get the token from, for reading this repository. kBadInput: the realm is no URL of http or https.
Result<std::string> token_url(const TokenChallenge& challenge, const ImageName& name);

}  // namespace quern::app::doctor

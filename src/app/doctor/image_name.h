#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Names of images, and what registries answer, as the OCI's distribution specification and Docker have them
// (https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/).
// Pure functions.

namespace quern::app::doctor {

struct ImageName {
  std::string registry;    // host[:port]; "docker.io" where the name has none
  std::string repository;  // "library/debian"
  std::string tag;         // "latest" where the name has neither tag nor digest; "" where it only has a digest
  std::string digest;      // "sha256:..."; "" if there is none

  // What a registry is asked for: the digest, if there is one.
  const std::string& reference() const { return digest.empty() ? tag : digest; }
};
// kBadConfig, with the reason.
Result<ImageName> parse_image_name(std::string_view text);

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

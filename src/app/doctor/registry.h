#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/image_name.h"
#include "services/http/http.h"

namespace quern::app::doctor {

// A registry's answer about an image to a client without an account.
struct RegistryAnswer {
  int status = 0;      // 200: it exists; 401, 403: not public; 404: it does not exist
  std::string digest;  // of its manifest; "" if the registry does not send it
};

// Requests the head of the manifest, with an anonymous token if the registry requires one. No credentials are sent.
// Errors are those of http::Client, and kBadInput if the answer is not that of a registry. Blocks.
Result<RegistryAnswer> ask_registry(const ImageName& name, http::Client& client, const std::stop_token& stop);

// URLs for registries, and the parsing of their answers, according to the distribution specification of OCI and that of
// Docker (https://github.com/opencontainers/distribution-spec,
// https://distribution.github.io/distribution/spec/auth/token/). Pure functions.

// Returns the URL of the manifest: "https://registry-1.docker.io/v2/library/debian/manifests/latest". Like Docker, uses
// no TLS for a registry on this machine.
std::string manifest_url(const ImageName& name);

// What a registry requires instead of a password: a token from the server at `realm`.
struct TokenChallenge {
  std::string realm;  // a URL
  std::string service;
  std::string scope;
};
// Parses the value of WWW-Authenticate. Empty if it requires anything other than a token.
std::optional<TokenChallenge> parse_token_challenge(std::string_view header);
// Returns the URL for a token to read this repository. kBadInput if the realm is not an http or https URL.
Result<std::string> token_url(const TokenChallenge& challenge, const ImageName& name);

}  // namespace quern::app::doctor

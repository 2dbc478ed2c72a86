#include "app/doctor/registry.h"

#include <optional>
#include <utility>
#include <vector>

#include "app/doctor/registry_urls.h"
#include "base/secret.h"
#include "services/credentials/secret_text.h"

namespace quern::app::doctor {
namespace {

constexpr int kAsksForToken = 401;

// Lists of platforms and single images, in the formats of OCI and Docker.
constexpr const char* kManifestTypes =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

http::Request manifest_request(const ImageName& name) {
  return {.method = "HEAD",
          .url = manifest_url(name),
          .headers = {{"Accept", kManifestTypes}},
          .body = {},
          .range = {},
          .keeps_refusals = true};
}

RegistryAnswer answer_of(const http::Response& response) {
  return {.status = response.head.status,
          .digest = std::string(response.head.header("docker-content-digest").value_or(""))};
}

// Returns "" if there are no tokens for clients without an account.
Result<std::string> anonymous_token(const TokenChallenge& challenge, const ImageName& name, http::Client& client,
                                    const std::stop_token& stop) {
  TRY_ASSIGN(std::string url, token_url(challenge, name));
  auto response = client.call({.url = std::move(url), .keeps_refusals = true}, nullptr, stop)
                      .context("asking the registry for a token");
  TRY_ASSIGN(http::Response answer, std::move(response));
  if (answer.head.status != 200) return std::string();
  TRY_ASSIGN(auto members, credentials::read_secret_object(answer.body).context("the registry's answer with a token"));
  for (const char* member : {"token", "access_token"}) {
    const Secret* token = credentials::find_member(members, member);
    if (token != nullptr && !token->is_empty()) return std::string(token->reveal());
  }
  return std::string();
}

}  // namespace

Result<RegistryAnswer> ask_registry(const ImageName& name, http::Client& client, const std::stop_token& stop) {
  http::Request request = manifest_request(name);
  TRY_ASSIGN(http::Response first, client.call(request, nullptr, stop).context("asking the registry for the image"));
  if (first.head.status != kAsksForToken) return answer_of(first);
  const auto challenge = parse_token_challenge(first.head.header("www-authenticate").value_or(""));
  if (!challenge.has_value()) return answer_of(first);
  TRY_ASSIGN(std::string token, anonymous_token(*challenge, name, client, stop));
  if (token.empty()) return answer_of(first);
  request.headers.push_back({"Authorization", "Bearer " + token});
  TRY_ASSIGN(http::Response second, client.call(request, nullptr, stop).context("asking the registry for the image"));
  return answer_of(second);
}

}  // namespace quern::app::doctor

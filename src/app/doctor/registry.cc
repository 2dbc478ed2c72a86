#include "app/doctor/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/secret.h"
#include "services/credentials/secret_text.h"
#include "services/http/http.h"

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

namespace {

bool is_this_machine(std::string_view registry) {
  const std::string_view host = registry.substr(0, registry.rfind(':'));
  return registry.starts_with("[::1]") || host == "localhost" || host.starts_with("127.");
}

// Returns the value after `name=`, with or without quotes. Supports the part of RFC 9110's grammar that registries use.
std::string parameter(std::string_view text, std::string_view name) {
  const std::string start = std::string(name) + "=";
  std::size_t at = text.find(start);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != ' ' && text[at - 1] != ',') {
    at = text.find(start, at + 1);
  }
  if (at == std::string_view::npos) return "";
  std::string_view rest = text.substr(at + start.size());
  if (!rest.starts_with('"')) return std::string(rest.substr(0, rest.find_first_of(", ")));
  rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find('"')));
}

}  // namespace

std::string manifest_url(const ImageName& name) {
  const std::string host = name.registry == kDockerHub ? "registry-1.docker.io" : name.registry;
  return fmt::format("{}://{}/v2/{}/manifests/{}", is_this_machine(host) ? "http" : "https", host, name.repository,
                     name.reference());
}

std::optional<TokenChallenge> parse_token_challenge(std::string_view header) {
  constexpr std::string_view kBearer = "bearer ";
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const bool is_bearer = header.size() > kBearer.size() && std::equal(kBearer.begin(), kBearer.end(), header.begin(),
                                                                      [&](char a, char b) { return a == lower(b); });
  if (!is_bearer) return std::nullopt;
  header.remove_prefix(kBearer.size());
  TokenChallenge challenge{.realm = parameter(header, "realm"),
                           .service = parameter(header, "service"),
                           .scope = parameter(header, "scope")};
  if (challenge.realm.empty()) return std::nullopt;
  return challenge;
}

Result<std::string> token_url(const TokenChallenge& challenge, const ImageName& name) {
  TRY(http::parse_url(challenge.realm).context("the registry's address for tokens"));
  const std::string scope =
      challenge.scope.empty() ? fmt::format("repository:{}:pull", name.repository) : challenge.scope;
  std::string url = challenge.realm;
  url += url.find('?') == std::string::npos ? '?' : '&';
  if (!challenge.service.empty()) url += fmt::format("service={}&", percent_encode(challenge.service));
  return url + fmt::format("scope={}", percent_encode(scope));
}

}  // namespace quern::app::doctor

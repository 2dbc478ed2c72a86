#include "app/doctor/registry_urls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/encoding.h"
#include "services/http/http.h"

namespace quern::app::doctor {
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

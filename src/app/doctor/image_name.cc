#include "app/doctor/image_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "services/http/http.h"

namespace quern::app::doctor {
namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::size_t kMaxTag = 128;

Error wrong(std::string_view text, std::string_view why) {
  return bad_config(fmt::format("'{}' is no name of an image: {}; write it as registry/name:tag", text, why));
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool all_of(std::string_view text, std::string_view also, bool (*is_allowed)(char)) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_allowed(c) || also.find(c) != std::string_view::npos; });
}

bool is_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
}

bool is_host(std::string_view text) { return !text.empty() && all_of(text, ".-:[]", is_letter_or_digit); }

// Parts between slashes, of which none is empty or begins or ends with a mark.
bool is_repository(std::string_view text) {
  while (true) {
    const std::string_view part = text.substr(0, text.find('/'));
    if (part.empty() || !all_of(part, "._-", is_lower_or_digit)) return false;
    if (!is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && all_of(text, "._-", is_letter_or_digit) &&
         (is_letter_or_digit(text[0]) || text[0] == '_');
}

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || !all_of(text.substr(0, colon), "+._-", is_lower_or_digit)) {
    return false;
  }
  const std::string_view digits = text.substr(colon + 1);
  return digits.size() >= 32 && all_of(digits, "", is_letter_or_digit);
}

bool is_this_machine(std::string_view registry) {
  const std::string_view host = registry.substr(0, registry.rfind(':'));
  return registry.starts_with("[::1]") || host == "localhost" || host.starts_with("127.");
}

// What stands in quotes or not behind `name=`; of RFC 9110's grammar what registries send.
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

Result<ImageName> parse_image_name(std::string_view text) {
  ImageName name{.registry = std::string(kDockerHub), .repository = {}, .tag = {}, .digest = {}};
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    name.digest = rest.substr(at + 1);
    if (!is_digest(name.digest)) return wrong(text, "what stands behind @ is no digest such as sha256:...");
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && is_registry(rest.substr(0, slash))) {
    name.registry = rest.substr(0, slash);
    if (!is_host(name.registry)) return wrong(text, "its registry is no host");
    rest = rest.substr(slash + 1);
  }
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    name.tag = rest.substr(colon + 1);
    if (!is_tag(name.tag)) return wrong(text, "what stands behind : is no tag");
    rest = rest.substr(0, colon);
  } else if (name.digest.empty()) {
    name.tag = "latest";
  }
  if (!is_repository(rest)) {
    return wrong(text, "only lower-case letters, digits and . _ - between them may stand before the tag");
  }
  name.repository = rest;
  if (name.registry == kDockerHub && rest.find('/') == std::string_view::npos)
    name.repository = fmt::format("library/{}", rest);
  return name;
}

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
  if (!challenge.service.empty()) url += fmt::format("service={}&", http::percent_encode(challenge.service));
  return url + fmt::format("scope={}", http::percent_encode(scope));
}

}  // namespace quern::app::doctor

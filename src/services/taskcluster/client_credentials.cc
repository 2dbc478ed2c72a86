#include "services/taskcluster/client_credentials.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

// The longest certificate that Taskcluster accepts.
constexpr std::size_t kMaxCertificateBytes = 4096;

// The longest lifetime of Taskcluster's temporary credentials, and how far its clock and this machine's may differ.
constexpr std::chrono::hours kLongestTemporaryLife{31 * 24};
constexpr std::chrono::minutes kTaskclusterClockDifference{5};

// Whether a text may be part of an attribute in Hawk's header.
bool fits_header(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

Result<void> check_temporary(const Credentials& issuer, const TemporaryOptions& options) {
  if (!issuer.certificate.empty()) {
    return bad_config(
        "temporary credentials can be made with permanent ones only, and these have a certificate themselves");
  }
  if (options.client_id == issuer.client_id) {
    return bad_config("temporary credentials need another name than their issuer's");
  }
  if (options.expiry <= options.start || options.expiry - options.start > kLongestTemporaryLife) {
    return bad_config("temporary credentials must end after they start, and at most 31 days later");
  }
  return {};
}

Result<std::optional<Credentials>> credentials_of(const EnvironmentLookup& environment) {
  std::string_view client_id = variable_value(environment, "TASKCLUSTER_CLIENT_ID");
  std::string_view token = variable_value(environment, "TASKCLUSTER_ACCESS_TOKEN");
  if (client_id.empty() && token.empty()) return std::optional<Credentials>();
  if (client_id.empty()) {
    return bad_config("TASKCLUSTER_ACCESS_TOKEN is set and TASKCLUSTER_CLIENT_ID is not; set both, or neither");
  }
  if (token.empty()) {
    return bad_config("TASKCLUSTER_CLIENT_ID is set and TASKCLUSTER_ACCESS_TOKEN is not; set both, or neither");
  }
  auto made = make_credentials(std::string(client_id), Secret(std::string(token)),
                               variable_value(environment, "TASKCLUSTER_CERTIFICATE"));
  TRY_ASSIGN(Credentials credentials, std::move(made).context("TASKCLUSTER_CLIENT_ID and its companions"));
  return std::optional<Credentials>(std::move(credentials));
}

}  // namespace

Result<Credentials> make_credentials(std::string client_id, Secret access_token, std::string_view certificate) {
  if (client_id.empty() || !fits_header(client_id)) {
    return bad_config("the client id is empty or has characters that belong into none");
  }
  if (access_token.is_empty()) return bad_config("the access token is empty");
  // Temporary tokens are url-safe base64 and permanent ones are slugids, so a line end can only come from careless
  // copying.
  if (!fits_header(access_token.reveal())) {
    return bad_config("the access token has characters that belong into none (a line end at its end?)");
  }
  Credentials credentials{.client_id = std::move(client_id), .access_token = std::move(access_token)};
  if (certificate.empty()) return credentials;
  TRY_ASSIGN(Certificate parsed, parse_certificate(certificate));
  credentials.certificate = std::move(parsed.json);
  credentials.expires = parsed.expiry;
  return credentials;
}

std::string extension_of(const Credentials& credentials) {
  if (credentials.certificate.empty() && !credentials.authorized_scopes.has_value()) return "";
  return base64_encode(extension_json(credentials.certificate, credentials.authorized_scopes));
}

Result<void> check_not_ended(const Credentials& credentials, UtcTime now) {
  if (!credentials.expires.has_value() || now < *credentials.expires + kTaskclusterClockDifference) return {};
  return Error{.kind = ErrorKind::kDenied,
               .message = "the temporary credentials of " + credentials.client_id + " ended at " +
                          format_utc(*credentials.expires) + "; get new ones, for instance with taskcluster signin"};
}

Result<Credentials> make_temporary(const Credentials& issuer, const TemporaryOptions& options, const Random& random) {
  TRY(check_temporary(issuer, options));
  Certificate certificate{.scopes = options.scopes, .start = options.start, .expiry = options.expiry};
  bool is_named = !options.client_id.empty();
  certificate.seed = options.seed.empty() ? make_slugid(random) + make_slugid(random) : options.seed;
  if (is_named) certificate.issuer = issuer.client_id;
  std::string to_sign = text_to_sign(certificate, options.client_id);
  certificate.signature = base64_encode(hmac_sha256(issuer.access_token.reveal(), to_sign));
  Secret token(url_safe_base64_encode(hmac_sha256(issuer.access_token.reveal(), certificate.seed)));
  return make_credentials(is_named ? options.client_id : issuer.client_id, std::move(token), json_of(certificate));
}

Result<Access> access_of(const EnvironmentLookup& environment) {
  std::string_view root = variable_value(environment, "TASKCLUSTER_ROOT_URL");
  if (root.empty()) {
    return bad_config(
        "TASKCLUSTER_ROOT_URL is not set; set it to the root URL of the deployment, such as "
        "https://community-tc.services.mozilla.com");
  }
  Access access;
  TRY_ASSIGN(access.root_url, normal_root_url(root).context("TASKCLUSTER_ROOT_URL"));
  access.api_root_url = access.root_url;
  std::string_view proxy = variable_value(environment, "TASKCLUSTER_PROXY_URL");
  access.is_proxy = !proxy.empty();
  if (access.is_proxy) {
    access.patience = {};  // the proxy has its own
    // A proxy would replace the signature with its own.
    TRY_ASSIGN(access.api_root_url, normal_root_url(proxy).context("TASKCLUSTER_PROXY_URL"));
    return access;
  }
  TRY_ASSIGN(access.credentials, credentials_of(environment));
  return access;
}

namespace {

using Json = nlohmann::ordered_json;

// The last time that UtcTime can represent is in the year 2262.
constexpr std::int64_t kMostMilliseconds = 9'000'000'000'000;

Error bad(std::string_view why) { return bad_config(std::string("the certificate ").append(why)); }

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::int64_t milliseconds(UtcTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Result<UtcTime> time_at(const Json& json, const char* name) {
  auto found = json.find(name);
  if (found != json.end() && found->is_number_integer()) {
    auto value = found->get<std::int64_t>();
    if (value >= 0 && value <= kMostMilliseconds) return UtcTime(std::chrono::milliseconds(value));
  }
  return bad(std::string("has no valid ") + name);
}

Result<std::string> text_at(const Json& json, const char* name) {
  auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return bad(std::string("has no ") + name);
  return found->get<std::string>();
}

}  // namespace

Result<Certificate> parse_certificate(std::string_view text) {
  if (text.size() > kMaxCertificateBytes) return bad("is longer than any that Taskcluster takes");
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("is not a JSON object");
  if (json.value("version", Json()) != Json(1)) return bad("is not of version 1");
  Certificate certificate;
  auto scopes = json.find("scopes");
  if (scopes == json.end() || !scopes->is_array()) return bad("has no scopes");
  for (const Json& scope : *scopes) {
    if (!scope.is_string()) return bad("has a scope that is not a string");
    certificate.scopes.push_back(scope.get<std::string>());
  }
  TRY_ASSIGN(certificate.start, time_at(json, "start"));
  TRY_ASSIGN(certificate.expiry, time_at(json, "expiry"));
  TRY_ASSIGN(certificate.seed, text_at(json, "seed"));
  TRY_ASSIGN(certificate.signature, text_at(json, "signature"));
  if (json.contains("issuer")) {
    TRY_ASSIGN(certificate.issuer, text_at(json, "issuer"));
  }
  certificate.json = dump(json);
  return certificate;
}

std::string json_of(const Certificate& certificate) {
  Json json{{"version", 1},
            {"scopes", certificate.scopes},
            {"start", milliseconds(certificate.start)},
            {"expiry", milliseconds(certificate.expiry)},
            {"seed", certificate.seed},
            {"signature", certificate.signature}};
  if (!certificate.issuer.empty()) json["issuer"] = certificate.issuer;
  return dump(json);
}

std::string text_to_sign(const Certificate& certificate, std::string_view client_id) {
  std::string text = "version:1\n";
  if (!client_id.empty()) {
    text.append("clientId:").append(client_id).append("\nissuer:").append(certificate.issuer).append("\n");
  }
  text.append("seed:").append(certificate.seed);
  text.append("\nstart:").append(std::to_string(milliseconds(certificate.start)));
  text.append("\nexpiry:").append(std::to_string(milliseconds(certificate.expiry)));
  text.append("\nscopes:");
  for (const std::string& scope : certificate.scopes) text.append("\n").append(scope);
  return text;
}

std::string extension_json(const std::string& certificate, const std::optional<std::vector<std::string>>& scopes) {
  Json json = Json::object();
  if (!certificate.empty()) json["certificate"] = Json::parse(certificate, nullptr, false);
  if (scopes.has_value()) json["authorizedScopes"] = *scopes;
  return dump(json);
}

}  // namespace quern::taskcluster

#include "services/taskcluster/certificate.h"

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "services/taskcluster/taskcluster_limits.h"

namespace quern::taskcluster {
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
  if (text.size() > limits::kMaxCertificateBytes) return bad("is longer than any that Taskcluster takes");
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

#include "services/s3/sts.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/secret.h"
#include "services/s3/address.h"
#include "services/s3/error_document.h"
#include "services/s3/xml.h"

namespace quern::s3 {
namespace {

// AWS's limits for the policy of a session and for its name.
constexpr std::size_t kMaxSessionPolicyBytes = 2048;
constexpr std::size_t kMaxSessionNameBytes = 32;
constexpr std::chrono::seconds kLeastSessionLife{15 * 60};
constexpr std::chrono::seconds kLongestSessionLife{36 * 60 * 60};

using Json = nlohmann::ordered_json;

// In policies, * and ? are wildcards and $ begins a variable. These are the escapes for the characters themselves.
std::string escaped(std::string_view prefix) {
  std::string result;
  for (char byte : prefix) {
    if (byte == '*' || byte == '?' || byte == '$') {
      result.append("${").append(1, byte).append("}");
    } else {
      result += byte;
    }
  }
  return result;
}

Result<std::string> url_of(const std::string& endpoint, const std::string& region) {
  TRY(check_region(region));
  TRY(check_address_options({.endpoint = endpoint}).context("AWS_ENDPOINT_URL_STS"));
  if (!endpoint.empty()) return endpoint.ends_with('/') ? endpoint : endpoint + "/";
  return "https://sts." + region + "." + std::string(partition_of(region).domain) + "/";
}

Result<void> check_request(const FederationRequest& request) {
  bool is_name = request.name.size() >= 2 && request.name.size() <= kMaxSessionNameBytes &&
                 std::all_of(request.name.begin(), request.name.end(), [](unsigned char byte) {
                   return std::isalnum(byte) != 0 ||
                          std::string_view("+=,.@-_").find(static_cast<char>(byte)) != std::string_view::npos;
                 });
  if (!is_name) return bad_config("the name of the session must be 2 to 32 letters, digits and +=,.@-_");
  if (request.duration < kLeastSessionLife || request.duration > kLongestSessionLife) {
    return bad_config("the credentials may live for 15 minutes to 36 hours");
  }
  return {};
}

class OnceSigner final : public http::Signer {
 public:
  OnceSigner(const std::string& region, const AwsCredentials& credentials, const Clock& now)
      : signature_(for_service("sts", region)), credentials_(credentials), now_(now) {}
  Result<void> sign(http::Request& request) override { return signature_.sign(request, credentials_, now_()); }

 private:
  SigV4 signature_;
  const AwsCredentials& credentials_;
  const Clock& now_;
};

struct Field {
  std::string_view name;
  std::string_view value;  // "": the field is omitted
};

// A request to STS.
struct Question {
  std::string action;
  std::string url;
  std::string region;
  std::vector<Field> fields;
  const AwsCredentials* credentials = nullptr;  // nullptr: the request is not signed

  std::string name() const { return action + " at " + url; }
};

Result<AwsCredentials> ask(http::Client& client, const Question& question, const Clock& now,
                           const std::stop_token& stop) {
  http::Request request{
      .method = "POST",
      .url = question.url,
      .headers = {{.name = "Content-Type", .value = "application/x-www-form-urlencoded; charset=utf-8"}},
      .body = "Action=" + question.action + "&Version=2011-06-15",
      .keeps_refusals = true};
  for (const Field& field : question.fields) {
    if (field.value.empty()) continue;
    request.body.append("&").append(field.name).append("=").append(percent_encode(field.value));
  }
  std::optional<OnceSigner> signer;
  if (question.credentials != nullptr) signer.emplace(question.region, *question.credentials, now);
  auto response = client.call(request, signer.has_value() ? &*signer : nullptr, stop).context(question.name());
  Secret::wipe(request.body);
  if (!response.ok()) return std::move(response).error();
  if (response.value().head.status >= 300) {
    Asked asked{.name = question.name(),
                .bucket = "",
                .permission = "sts:" + question.action,
                .region = question.region,
                .credentials = question.credentials};
    return explain_refusal(response.value(), asked, now());
  }
  auto credentials = parse_sts_credentials(response.value().body, question.action);
  Secret::wipe(response.value().body);
  return std::move(credentials).context(question.name());
}

Result<const AwsCredentials*> credentials_to_ask_with(CredentialProvider& provider, const std::string& name,
                                                      const std::stop_token& stop) {
  TRY_ASSIGN(const AwsCredentials* own, provider.current(stop));
  if (own != nullptr) return own;
  return Error{.kind = ErrorKind::kDenied, .message = name + ": there are no credentials to ask with; name some"};
}

}  // namespace

Result<std::string> policy_for(const std::vector<Grant>& grants, std::string_view region) {
  if (grants.empty()) return bad_config("there is no bucket to allow; name s3:// inputs");
  std::map<std::string, std::vector<std::string>> prefixes;
  for (const Grant& grant : grants) {
    TRY(check_bucket(grant.bucket));
    prefixes[grant.bucket].push_back(escaped(grant.prefix) + "*");
  }
  std::string begin = "arn:" + std::string(partition_of(region).name) + ":s3:::";
  Json objects = Json::array();
  Json statements = Json::array();
  for (auto& [bucket, own] : prefixes) {
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    std::string resource = begin + bucket;
    for (const std::string& prefix : own) objects.push_back(resource + "/" + prefix);
    statements.push_back({{"Effect", "Allow"},
                          {"Action", "s3:ListBucket"},
                          {"Resource", resource},
                          {"Condition", {{"StringLike", {{"s3:prefix", own}}}}}});
  }
  statements.insert(statements.begin(), Json{{"Effect", "Allow"}, {"Action", "s3:GetObject"}, {"Resource", objects}});
  Json policy{{"Version", "2012-10-17"}, {"Statement", statements}};
  std::string text = policy.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kMaxSessionPolicyBytes) {
    return bad_config("the policy for these inputs has " + std::to_string(text.size()) + " bytes, and AWS takes " +
                      std::to_string(kMaxSessionPolicyBytes) + "; name fewer or shorter prefixes");
  }
  return text;
}

Result<AwsCredentials> federate(http::Client& client, CredentialProvider& provider, const FederationRequest& request,
                                const Clock& now, const std::stop_token& stop) {
  TRY(check_request(request));
  Question question{.action = "GetFederationToken", .url = {}, .region = request.region, .fields = {}};
  TRY_ASSIGN(question.url, url_of(request.endpoint, request.region));
  TRY_ASSIGN(question.credentials, credentials_to_ask_with(provider, question.name(), stop));
  if (!question.credentials->session_token.is_empty()) {
    return Error{.kind = ErrorKind::kDenied,
                 .message = question.name() + ": the credentials of " + question.credentials->source +
                            " are temporary; AWS gives these only to the long-term keys of a user"};
  }
  const std::string duration = std::to_string(request.duration.count());
  question.fields = {{"Name", request.name}, {"DurationSeconds", duration}, {"Policy", request.policy}};
  return ask(client, question, now, stop);
}

Result<AwsCredentials> assume_role(http::Client& client, CredentialProvider& provider, const RoleRequest& request,
                                   const Clock& now, const std::stop_token& stop) {
  Question question{.action = "AssumeRole",
                    .url = {},
                    .region = request.region,
                    .fields = {{"RoleArn", request.arn},
                               {"RoleSessionName", request.session_name},
                               {"DurationSeconds", request.duration_seconds},
                               {"ExternalId", request.external_id}}};
  TRY_ASSIGN(question.url, url_of(request.endpoint, request.region));
  TRY_ASSIGN(question.credentials, credentials_to_ask_with(provider, question.name(), stop));
  return ask(client, question, now, stop);
}

Result<AwsCredentials> assume_role_with_web_identity(http::Client& client, std::string_view token,
                                                     const RoleRequest& request, const Clock& now,
                                                     const std::stop_token& stop) {
  Question question{.action = "AssumeRoleWithWebIdentity",
                    .url = {},
                    .region = request.region,
                    .fields = {{"RoleArn", request.arn},
                               {"RoleSessionName", request.session_name},
                               {"DurationSeconds", request.duration_seconds},
                               {"WebIdentityToken", token}}};
  TRY_ASSIGN(question.url, url_of(request.endpoint, request.region));
  return ask(client, question, now, stop);
}

}  // namespace quern::s3

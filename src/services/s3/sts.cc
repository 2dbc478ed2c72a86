#include "services/s3/sts.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/secret.h"
#include "model/limits.h"
#include "services/s3/address.h"
#include "services/s3/refusal.h"
#include "services/s3/xml.h"

namespace quern::s3 {
namespace {

using Json = nlohmann::ordered_json;

// In policies, * and ? are wildcards and $ begins a variable; these are the ways to write the characters.
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

std::string url_of(const FederationRequest& request) {
  if (!request.endpoint.empty()) return request.endpoint.ends_with('/') ? request.endpoint : request.endpoint + "/";
  return "https://sts." + request.region + "." + std::string(partition_of(request.region).domain) + "/";
}

Result<void> check_request(const FederationRequest& request) {
  TRY(check_region(request.region));
  TRY(check_address_options({.endpoint = request.endpoint}).context("AWS_ENDPOINT_URL_STS"));
  bool is_name = request.name.size() >= 2 && request.name.size() <= limits::kMaxSessionNameBytes &&
                 std::all_of(request.name.begin(), request.name.end(), [](unsigned char byte) {
                   return std::isalnum(byte) != 0 ||
                          std::string_view("+=,.@-_").find(static_cast<char>(byte)) != std::string_view::npos;
                 });
  if (!is_name) return bad_config("the name of the session must be 2 to 32 letters, digits and +=,.@-_");
  if (request.duration < limits::kLeastSessionLife || request.duration > limits::kLongestSessionLife) {
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
  if (text.size() > limits::kMaxSessionPolicyBytes) {
    return bad_config("the policy for these inputs has " + std::to_string(text.size()) + " bytes, and AWS takes " +
                      std::to_string(limits::kMaxSessionPolicyBytes) + "; name fewer or shorter prefixes");
  }
  return text;
}

Result<AwsCredentials> federate(http::Client& client, CredentialProvider& provider, const FederationRequest& request,
                                const Clock& now, const std::stop_token& stop) {
  TRY(check_request(request));
  std::string url = url_of(request);
  std::string name = "GetFederationToken at " + url;
  TRY_ASSIGN(const AwsCredentials* own, provider.current(stop));
  if (own == nullptr) {
    return Error{.kind = ErrorKind::kDenied, .message = name + ": there are no credentials to ask with; name some"};
  }
  if (!own->session_token.is_empty()) {
    return Error{.kind = ErrorKind::kDenied,
                 .message = name + ": the credentials of " + own->source +
                            " are temporary; AWS gives these only to the long-term keys of a user"};
  }
  http::Request question{
      .method = "POST",
      .url = url,
      .headers = {{.name = "Content-Type", .value = "application/x-www-form-urlencoded; charset=utf-8"}},
      .body = "Action=GetFederationToken&Version=2011-06-15&Name=" + http::percent_encode(request.name) +
              "&DurationSeconds=" + std::to_string(request.duration.count()) +
              "&Policy=" + http::percent_encode(request.policy),
      .keeps_refusals = true};
  OnceSigner signer(request.region, *own, now);
  auto response = client.call(question, &signer, stop).context(name);
  if (!response.ok()) return std::move(response).error();
  if (response.value().head.status >= 300) {
    Asked asked{.name = name,
                .bucket = "",
                .permission = "sts:GetFederationToken",
                .region = request.region,
                .credentials = own};
    return explain_refusal(response.value(), asked, now());
  }
  auto credentials = parse_federation_token(response.value().body);
  Secret::wipe(response.value().body);
  return std::move(credentials).context(name);
}

}  // namespace quern::s3

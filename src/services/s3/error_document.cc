#include "services/s3/error_document.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "services/http/refusal.h"
#include "services/s3/address.h"
#include "services/s3/xml.h"

namespace quern::s3 {
namespace {

// Returns "the credentials of AWS_PROFILE (AKIDEXAMPLE)".
std::string named(const AwsCredentials* credentials) {
  if (credentials == nullptr) return "an anonymous request";
  return "the credentials of " + credentials->source + " (" + credentials->access_key_id + ")";
}

std::string about_clock(const http::Response& response, UtcTime now) {
  auto date = response.head.header("date");
  auto server = date.has_value() ? http::parse_http_date(*date) : std::nullopt;
  if (!server.has_value()) return "this machine's clock differs too much from the server's; set it";
  auto ahead = std::chrono::duration_cast<std::chrono::seconds>(now - *server);
  return "this machine's clock is " + rough_duration(ahead) + (ahead.count() < 0 ? " behind" : " ahead of") +
         " the server's; set it";
}

// Returns "kms:Decrypt" for "User: ... is not authorized to perform: kms:Decrypt on resource: ..."; "" if AWS does not
// name the action.
std::string refused_action(std::string_view message) {
  constexpr std::string_view kBefore = "perform: ";
  std::size_t begin = message.find(kBefore);
  if (begin == std::string_view::npos) return "";
  message.remove_prefix(begin + kBefore.size());
  message = message.substr(0, message.find_first_of(" ,;"));
  return message.find(':') == std::string_view::npos ? "" : std::string(message);
}

std::string about_access(const Asked& asked, std::string_view message) {
  if (asked.credentials == nullptr && asked.bucket.empty()) {
    return "the role's trust policy does not admit this web identity";
  }
  std::string action = refused_action(message);
  const std::string permission = action.empty() ? asked.permission : std::move(action);
  if (asked.credentials == nullptr) {
    return "an anonymous request may not " + permission + " here; name credentials, or make the bucket public";
  }
  std::string text = named(asked.credentials) + " lack the permission " + permission;
  if (permission == "s3:GetObject") text += ", or it is not there and they lack s3:ListBucket";
  if (permission.starts_with("s3:") && !asked.pays) {
    text += ", or the bucket's requesters pay (downloads.requester_pays: yes)";
  }
  return text;
}

// Whether the client has already repeated the request, as its header documents.
bool is_repeated(int status) { return status == 429 || (status >= 500 && status != 501); }

struct Advice {
  ErrorKind kind;
  std::string text;
};

std::optional<Advice> advice_for(const http::Refusal& refusal, const http::Response& response, const Asked& asked,
                                 UtcTime now) {
  const std::string_view code = refusal.code;
  if (code == "NoSuchBucket") {
    return Advice{ErrorKind::kNotFound, "there is no bucket " + asked.bucket +
                                            "; check its name, and the endpoint if it is "
                                            "on another server than AWS"};
  }
  if (code == "AccessDenied" || code == "AllAccessDisabled") {
    return Advice{ErrorKind::kDenied, about_access(asked, refusal.message)};
  }
  if (code == "InvalidObjectState") {
    return Advice{ErrorKind::kDenied,
                  "the object is in an archive such as Glacier; restore it first, as with aws s3api restore-object"};
  }
  if (code.starts_with("KMS.")) {
    return Advice{ErrorKind::kDenied, "the KMS key that the object is encrypted with cannot be used"};
  }
  if (code == "ExpiredToken" || code == "ExpiredTokenException" || code == "TokenRefreshRequired") {
    return Advice{ErrorKind::kDenied, named(asked.credentials) + " have expired; get new ones and start again"};
  }
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired")
    return Advice{ErrorKind::kDenied, about_clock(response, now)};
  if (code == "SignatureDoesNotMatch") {
    return Advice{ErrorKind::kDenied, "the secret access key of " + named(asked.credentials) +
                                          " is not the one that belongs to the key id, or a proxy changed the request"};
  }
  if (code == "InvalidAccessKeyId" || code == "InvalidClientTokenId" || code == "UnrecognizedClientException") {
    return Advice{ErrorKind::kDenied, "the server does not know the key id of " + named(asked.credentials)};
  }
  if (code == "InvalidToken") {
    return Advice{ErrorKind::kDenied,
                  "the session token of " + named(asked.credentials) + " is not valid; get new ones"};
  }
  std::string region = region_in(response);
  if (!region.empty() && region != asked.region) {
    return Advice{ErrorKind::kBadConfig,
                  "it belongs to the region " + region + ", and was asked for in " + asked.region + "; set AWS_REGION"};
  }
  if (is_repeated(response.head.status)) {
    return Advice{ErrorKind::kRetry, "the server was still busy or failing at the last attempt; try again later"};
  }
  return std::nullopt;
}

}  // namespace

Error explain_refusal(const http::Response& response, const Asked& asked, UtcTime now) {
  http::Refusal refusal = http::read_refusal(response.head, response.body);
  Error error = http::to_error(refusal);
  if (auto advice = advice_for(refusal, response, asked, now)) {
    error.kind = advice->kind;
    error.message = advice->text + " (" + error.message + ")";
  }
  return asked.name.empty() ? error : std::move(error).with_context(asked.name);
}

std::string region_in(const http::Response& response) {
  std::string region(response.head.header("x-amz-bucket-region").value_or(""));
  if (region.empty()) region = parse_error_document(response.body).region;
  return check_region(region).ok() ? region : "";
}

}  // namespace quern::s3

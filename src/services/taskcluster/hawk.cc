#include "services/taskcluster/hawk.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace quern::taskcluster {
namespace {

// What Taskcluster accepts for Hawk: the length of an Authorization header, which includes a certificate, and of a path
// with its query.
constexpr std::size_t kMaxHawkBytes = 4096;

std::string seconds_of(UtcTime time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

struct Target {
  std::string resource;  // path and query
  std::string host;
  std::string port;
};

Result<Target> target_of(std::string_view text) {
  TRY_ASSIGN(http::Url url, http::parse_url(text));
  Target target{.resource = url.path, .host = url.host, .port = url.scheme == "https" ? "443" : "80"};
  // An empty query is sent with its question mark, so it is signed with it.
  if (text.substr(0, text.find('#')).find('?') != std::string_view::npos) target.resource += "?" + url.query;
  std::size_t colon = url.host.rfind(':');
  if (colon != std::string::npos && url.host.find(']', colon) == std::string::npos) {
    target.port = url.host.substr(colon + 1);
    target.host.resize(colon);
  }
  return target;
}

std::string mac(const HawkInput& input, std::string_view kind, const Target& target) {
  const std::string time = seconds_of(input.time);
  const std::array<std::string_view, 9> lines = {kind,        time,        input.nonce, input.method, target.resource,
                                                 target.host, target.port, input.hash,  input.ext};
  std::string text;
  for (std::string_view line : lines) text.append(line).append("\n");
  return base64_encode(hmac_sha256(input.access_token, text));
}

Error too_long(std::string_view what) {
  return bad_input(std::string(what) + " would have more than the " + std::to_string(kMaxHawkBytes) +
                   " bytes that Taskcluster takes; use credentials with fewer or shorter scopes");
}

class HawkSigner final : public http::Signer {
 public:
  HawkSigner(const Credentials& credentials, Clock now, Random random)
      : credentials_(credentials), ext_(extension_of(credentials)), now_(std::move(now)), random_(std::move(random)) {}

  Result<void> sign(http::Request& request) override {
    UtcTime now = now_();
    TRY(check_not_ended(credentials_, now));
    std::array<unsigned char, 6> bytes{};
    random_(bytes);
    std::string nonce = url_safe_base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    // The body is not hashed: Taskcluster does not require it, and TLS protects it.
    TRY_ASSIGN(std::string value, hawk_header({.client_id = credentials_.client_id,
                                               .access_token = credentials_.access_token.reveal(),
                                               .method = request.method,
                                               .url = request.url,
                                               .time = now,
                                               .nonce = nonce,
                                               .ext = ext_}));
    std::erase_if(request.headers,
                  [](const http::Header& header) { return lower_case(header.name) == "authorization"; });
    request.headers.push_back({.name = "Authorization", .value = std::move(value)});
    return {};
  }

 private:
  const Credentials& credentials_;
  const std::string ext_;
  const Clock now_;
  const Random random_;
};

}  // namespace

Result<std::string> hawk_header(const HawkInput& input) {
  TRY_ASSIGN(Target target, target_of(input.url));
  std::string value = "Hawk id=\"";
  value.append(input.client_id).append("\", ts=\"").append(seconds_of(input.time));
  value.append("\", nonce=\"").append(input.nonce);
  if (!input.hash.empty()) value.append("\", hash=\"").append(input.hash);
  if (!input.ext.empty()) value.append("\", ext=\"").append(input.ext);
  value.append("\", mac=\"").append(mac(input, "hawk.1.header", target)).append("\"");
  if (value.size() > kMaxHawkBytes) return too_long("the signature of the request");
  return value;
}

Result<std::string> hawk_signed_url(const HawkInput& input) {
  TRY_ASSIGN(Target target, target_of(input.url));
  HawkInput of_url = input;
  of_url.method = "GET";
  of_url.nonce = "";
  of_url.hash = "";
  std::string token(input.client_id);
  token.append("\\").append(seconds_of(input.time)).append("\\").append(mac(of_url, "hawk.1.bewit", target));
  token.append("\\").append(input.ext);
  std::string_view url = input.url.substr(0, input.url.find('#'));
  std::string parameter = target.resource.find('?') == std::string::npos ? "?bewit=" : "&bewit=";
  parameter += url_safe_base64_encode(token);
  if (target.resource.size() + parameter.size() > kMaxHawkBytes) return too_long("the signed URL");
  return std::string(url) + parameter;
}

std::string hawk_payload_hash(std::string_view content_type, std::string_view body) {
  std::string type = lower_case(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  std::string text = "hawk.1.payload\n";
  text.append(type).append("\n").append(body).append("\n");
  return base64_encode(sha256(text));
}

Result<std::string> signed_url(const Credentials& credentials, std::string_view url, UtcTime now,
                               std::chrono::seconds lifetime) {
  TRY(check_not_ended(credentials, now));
  std::string ext = extension_of(credentials);
  return hawk_signed_url({.client_id = credentials.client_id,
                          .access_token = credentials.access_token.reveal(),
                          .url = url,
                          .time = now + lifetime,
                          .ext = ext});
}

std::unique_ptr<http::Signer> make_signer(const Credentials& credentials, Clock now, Random random) {
  return std::make_unique<HawkSigner>(credentials, std::move(now), std::move(random));
}

}  // namespace quern::taskcluster

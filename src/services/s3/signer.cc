#include "services/s3/signer.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace quern::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr std::chrono::seconds kLongestLifetime = std::chrono::hours(7 * 24);

// Each key of the chain is as secret as the previous one.
std::string hmac_and_wipe(std::string key, std::string_view message) {
  std::string digest = hmac_sha256(key, message);
  Secret::wipe(key);
  return digest;
}

// Whether a header is not signed, because a proxy may change it or a library adds it later.
bool is_left_out(std::string_view name) {
  constexpr std::string_view kLeftOut[] = {"authorization",   "user-agent",        "connection",     "expect",
                                           "accept-encoding", "transfer-encoding", "x-amzn-trace-id"};
  return std::any_of(std::begin(kLeftOut), std::end(kLeftOut),
                     [&](auto each) { return equals_ignoring_case(each, name); });
}

bool is_of_signature(std::string_view name) {
  constexpr std::string_view kOurs[] = {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"};
  return std::any_of(std::begin(kOurs), std::end(kOurs), [&](auto each) { return equals_ignoring_case(each, name); });
}

struct Target {
  std::string_view before_query;  // scheme, host and path
  std::string_view host;
  std::string_view path;
  std::string_view query;
};

// Splits the URL without changing it: what is signed is what is sent.
std::optional<Target> split(std::string_view url) {
  url = url.substr(0, url.find('#'));
  std::size_t host = url.find("://");
  if (host == std::string_view::npos) return std::nullopt;
  host += 3;
  std::size_t question = std::min(url.find('?', host), url.size());
  std::size_t path = std::min(url.find('/', host), question);
  if (path == host) return std::nullopt;
  return Target{.before_query = url.substr(0, question),
                .host = url.substr(host, path - host),
                .path = url.substr(path, question - path),
                .query = url.substr(std::min(question + 1, url.size()))};
}

Error no_url() { return bad_input("the request to sign has no absolute URL with a host"); }

// A client omits the scheme's default port from the Host header, so it is not signed either.
std::string host_header(std::string_view url, std::string_view host) {
  if (url.starts_with("https://") && host.ends_with(":443")) host.remove_suffix(4);
  if (url.starts_with("http://") && host.ends_with(":80")) host.remove_suffix(3);
  std::string value(host);
  for (char& byte : value) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return value;
}

std::vector<http::Header> signed_headers(const http::Request& request, const Target& target) {
  std::vector<http::Header> headers;
  bool has_host = false;
  for (const http::Header& header : request.headers) {
    if (is_left_out(header.name)) continue;
    has_host |= equals_ignoring_case(header.name, "host");
    headers.push_back(header);
  }
  if (!has_host) headers.push_back({.name = "host", .value = host_header(request.url, target.host)});
  return headers;
}

class ProviderSigner final : public http::Signer {
 public:
  ProviderSigner(SigningOptions options, CredentialProvider& provider, Clock now)
      : signature_(std::move(options)), provider_(provider), now_(std::move(now)) {}

  Result<void> sign(http::Request& request) override {
    TRY_ASSIGN(const AwsCredentials* credentials, provider_.current({}));
    if (credentials == nullptr) return {};
    return signature_.sign(request, *credentials, now_());
  }

 private:
  SigV4 signature_;
  CredentialProvider& provider_;
  const Clock now_;
};

}  // namespace

struct SigV4::Pieces {
  std::string_view method;
  std::string path;
  std::string query;
  CanonicalHeaders headers;
  std::string payload;
  std::string time;  // 20150830T123600Z

  std::string_view date() const { return std::string_view(time).substr(0, 8); }
};

SigningOptions for_s3(std::string region) { return {.service = "s3", .region = std::move(region)}; }

SigningOptions for_service(std::string service, std::string region) {
  return {.service = std::move(service),
          .region = std::move(region),
          .path = {.normalises = true, .encodes = true},
          .sends_payload_hash = false};
}

const SigV4::Key& SigV4::key_for(const AwsCredentials& credentials, std::string_view date) {
  if (key_.access_key_id == credentials.access_key_id && key_.date == date) return key_;
  std::string secret = "AWS4";
  // Reserves first, so that growing does not leave a copy of the secret at the old place.
  secret.reserve(secret.size() + credentials.secret_access_key.reveal().size());
  secret.append(credentials.secret_access_key.reveal());
  secret = hmac_and_wipe(std::move(secret), date);
  for (std::string_view part : {std::string_view(options_.region), std::string_view(options_.service), kTerminator}) {
    secret = hmac_and_wipe(std::move(secret), part);
  }
  key_.bytes = Secret(std::move(secret));
  key_.access_key_id = credentials.access_key_id;
  key_.date = date;
  return key_;
}

std::string SigV4::scope(std::string_view date) const {
  return std::string(date).append("/") + options_.region + "/" + options_.service + "/" + std::string(kTerminator);
}

std::string SigV4::signature(const Pieces& pieces, const AwsCredentials& credentials) {
  std::string request(pieces.method);
  request.append("\n").append(pieces.path).append("\n").append(pieces.query).append("\n");
  request.append(pieces.headers.lines).append("\n").append(pieces.headers.names).append("\n").append(pieces.payload);
  std::string to_sign(kAlgorithm);
  to_sign.append("\n").append(pieces.time).append("\n").append(scope(pieces.date())).append("\n");
  to_sign.append(hex_encode(sha256(request)));
  return hex_encode(hmac_sha256(key_for(credentials, pieces.date()).bytes.reveal(), to_sign));
}

Result<void> SigV4::sign(http::Request& request, const AwsCredentials& credentials, UtcTime now, Payload payload) {
  auto target = split(request.url);
  if (!target.has_value()) return no_url();
  std::erase_if(request.headers, [](const http::Header& header) { return is_of_signature(header.name); });
  Pieces pieces{.method = request.method, .path = canonical_path(target->path, options_.path), .time = basic_time(now)};
  TRY_ASSIGN(pieces.query, canonical_query(target->query));
  pieces.payload = payload == Payload::kUnsigned ? std::string(kUnsignedPayload) : hex_encode(sha256(request.body));

  request.headers.push_back({.name = "x-amz-date", .value = pieces.time});
  if (options_.sends_payload_hash) {
    request.headers.push_back({.name = "x-amz-content-sha256", .value = pieces.payload});
  }
  http::Header token{.name = "x-amz-security-token", .value = std::string(credentials.session_token.reveal())};
  bool has_token = !token.value.empty();
  if (has_token && options_.signs_session_token) request.headers.push_back(token);
  pieces.headers = canonical_headers(signed_headers(request, *target));
  if (has_token && !options_.signs_session_token) request.headers.push_back(std::move(token));

  std::string authorization(kAlgorithm);
  authorization.append(" Credential=").append(credentials.access_key_id).append("/").append(scope(pieces.date()));
  authorization.append(", SignedHeaders=").append(pieces.headers.names);
  authorization.append(", Signature=").append(signature(pieces, credentials));
  request.headers.push_back({.name = "Authorization", .value = std::move(authorization)});
  return {};
}

Result<std::string> SigV4::presign(const http::Request& request, const AwsCredentials& credentials, UtcTime now,
                                   std::chrono::seconds lifetime, Payload payload) {
  auto target = split(request.url);
  if (!target.has_value()) return no_url();
  if (lifetime.count() < 1 || lifetime > kLongestLifetime) {
    return bad_input("a signed URL may live for 1 second to 7 days");
  }
  Pieces pieces{.method = request.method,
                .path = canonical_path(target->path, options_.path),
                .headers = canonical_headers(signed_headers(request, *target)),
                .time = basic_time(now)};
  pieces.payload = payload == Payload::kUnsigned ? std::string(kUnsignedPayload) : hex_encode(sha256(request.body));

  std::string query(target->query);
  auto add = [](std::string& to, std::string_view name, std::string_view value) {
    if (!to.empty()) to += '&';
    to.append(name).append("=").append(percent_encode(value));
  };
  add(query, "X-Amz-Algorithm", kAlgorithm);
  add(query, "X-Amz-Credential", credentials.access_key_id + "/" + scope(pieces.date()));
  add(query, "X-Amz-Date", pieces.time);
  add(query, "X-Amz-Expires", std::to_string(lifetime.count()));
  add(query, "X-Amz-SignedHeaders", pieces.headers.names);
  std::string_view token = credentials.session_token.reveal();
  if (!token.empty() && options_.signs_session_token) add(query, "X-Amz-Security-Token", token);
  TRY_ASSIGN(pieces.query, canonical_query(query));
  std::string url = std::string(target->before_query) + "?" + pieces.query;
  if (!token.empty() && !options_.signs_session_token) add(url, "X-Amz-Security-Token", token);
  add(url, "X-Amz-Signature", signature(pieces, credentials));
  return url;
}

std::unique_ptr<http::Signer> make_signer(SigningOptions options, CredentialProvider& provider, Clock now) {
  return std::make_unique<ProviderSigner>(std::move(options), provider, std::move(now));
}

std::string basic_time(UtcTime time) {
  std::string text = format_utc(time);
  std::erase_if(text, [](char byte) { return byte == '-' || byte == ':'; });
  return text;
}

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

// RFC 3986, 5.2.4, and merges repeated slashes.
std::string normalise(std::string_view path) {
  std::vector<std::string_view> parts;
  bool ends_with_slash = true;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    ends_with_slash = end < path.size() || part == "." || part == "..";
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  std::string result = "/";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    result.append(parts[i]);
    if (i + 1 < parts.size() || ends_with_slash) result += '/';
  }
  return result;
}

std::string squeeze_white_space(std::string_view value) {
  std::string result;
  bool is_between = false;
  for (char byte : value) {
    if (kWhiteSpace.find(byte) != std::string_view::npos) {
      is_between = true;
      continue;
    }
    if (is_between && !result.empty()) result += ' ';
    is_between = false;
    result += byte;
  }
  return result;
}

}  // namespace

std::string canonical_path(std::string_view path, PathRule rule) {
  std::string result = rule.normalises ? normalise(path) : std::string(path.empty() ? "/" : path);
  return rule.encodes ? percent_encode(result, "/") : result;
}

Result<std::string> canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    std::size_t equals = std::min(parameter.find('='), parameter.size());
    auto name = percent_decode(parameter.substr(0, equals));
    auto value = percent_decode(parameter.substr(std::min(equals + 1, parameter.size())));
    if (!name.has_value() || !value.has_value()) {
      return bad_input("a '%' in the query of the URL is not followed by two hexadecimal digits; write it %25");
    }
    parameters.emplace_back(percent_encode(*name), percent_encode(*value));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string result;
  for (const auto& [name, value] : parameters) {
    if (!result.empty()) result += '&';
    result.append(name).append("=").append(value);
  }
  return result;
}

CanonicalHeaders canonical_headers(const std::vector<http::Header>& headers) {
  std::map<std::string, std::string> values;
  for (const http::Header& header : headers) {
    auto [entry, is_new] = values.try_emplace(lower_case(header.name));
    if (!is_new) entry->second += ',';
    entry->second += squeeze_white_space(header.value);
  }
  CanonicalHeaders result;
  for (const auto& [name, value] : values) {
    result.lines.append(name).append(":").append(value).append("\n");
    if (!result.names.empty()) result.names += ';';
    result.names += name;
  }
  return result;
}

}  // namespace quern::s3

#include "services/s3/metadata.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/fd.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/limits.h"

namespace quern::s3 {
namespace {

// The metadata endpoints of containers and instances are either in the local network or absent.
constexpr std::chrono::seconds kMetadataTimeout{1};
constexpr std::size_t kMetadataAttempts = 2;
constexpr std::size_t kMaxMetadataBytes = 64 * limits::kKiB;

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr std::string_view kContainerHost = "http://169.254.170.2";
constexpr std::string_view kInstanceHost = "http://169.254.169.254";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
// The lifetime of the token for an instance's metadata, which is far longer than needed.
constexpr const char* kTokenSeconds = "300";

// The source of the credentials.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Returns nullopt if the endpoint does not exist or has no credentials for this process.
  virtual Result<std::optional<AwsCredentials>> fetch(http::Client& client, const std::stop_token& stop) = 0;
};

using Parse = std::function<Result<AwsCredentials>(std::string_view json, std::string_view source)>;

Result<std::optional<AwsCredentials>> parse_answer(const Parse& parse, http::Response& response,
                                                   std::string_view source) {
  auto credentials = parse(response.body, source);
  Secret::wipe(response.body);
  if (!credentials.ok()) return std::move(credentials).error();
  return std::optional<AwsCredentials>(std::move(credentials).value());
}

struct ContainerOptions {
  std::string url;
  std::string token;       // "" if there is none
  std::string token_file;  // read again for each request, because other programs renew it; "" if there is none
};

class ContainerEndpoint final : public Endpoint {
 public:
  ContainerEndpoint(ContainerOptions options, Parse parse) : options_(std::move(options)), parse_(std::move(parse)) {}

  Result<std::optional<AwsCredentials>> fetch(http::Client& client, const std::stop_token& stop) override {
    http::Request request{.url = options_.url};
    std::string token = options_.token;
    if (!options_.token_file.empty()) {
      auto text = read_file(options_.token_file, kMaxMetadataBytes);
      if (!text.ok()) return std::move(text).error().with_context("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      token = trimmed(text.value(), kBlanks);
    }
    if (!token.empty()) request.headers.push_back({.name = "Authorization", .value = std::move(token)});
    auto response = client.call(request, nullptr, stop);
    if (!response.ok())
      return std::move(response).error().with_context("asking the container's endpoint for credentials");
    return parse_answer(parse_, response.value(), "the container's endpoint");
  }

 private:
  const ContainerOptions options_;
  const Parse parse_;
};

class InstanceEndpoint final : public Endpoint {
 public:
  InstanceEndpoint(std::string base, Parse parse) : base_(std::move(base)), parse_(std::move(parse)) {}

  Result<std::optional<AwsCredentials>> fetch(http::Client& client, const std::stop_token& stop) override {
    http::Request request{.method = "PUT",
                          .url = base_ + "/latest/api/token",
                          .headers = {{.name = "X-aws-ec2-metadata-token-ttl-seconds", .value = kTokenSeconds}}};
    auto token = client.call(request, nullptr, stop);
    if (!token.ok()) {
      // A server that does not support this request is not the metadata service of an instance.
      if (token.error().kind == ErrorKind::kStopped || was_there_)
        return std::move(token).error().with_context(kAsking);
      return std::optional<AwsCredentials>();
    }
    was_there_ = true;
    token_ = std::move(token.value().body);
    auto role = get(client, kRolePath, stop);
    if (!role.ok() && role.error().kind == ErrorKind::kNotFound) return std::optional<AwsCredentials>();
    if (!role.ok()) return std::move(role).error().with_context(kAsking);
    std::string name(trimmed(role.value().body.substr(0, role.value().body.find('\n')), kBlanks));
    auto response = get(client, kRolePath + percent_encode(name), stop);
    if (!response.ok()) return std::move(response).error().with_context(kAsking);
    return parse_answer(parse_, response.value(), "the instance's role " + name);
  }

 private:
  static constexpr std::string_view kAsking = "asking the instance's metadata for credentials";

  Result<http::Response> get(http::Client& client, const std::string& path, const std::stop_token& stop) const {
    return client.call({.url = base_ + path, .headers = {{.name = "X-aws-ec2-metadata-token", .value = token_}}},
                       nullptr, stop);
  }

  const std::string base_;
  const Parse parse_;
  std::string token_;
  bool was_there_ = false;
};

std::string variable(const MetadataOptions& options, const char* name) {
  const char* value = options.environment(name);
  return value == nullptr ? "" : value;
}

// The authorization must not be sent to an arbitrary host that a variable names.
Result<void> check_container_url(const std::string& text) {
  TRY_ASSIGN(http::Url url, http::parse_url(text));
  if (url.scheme == "https") return {};
  std::string host = url.host;
  if (!host.ends_with(']')) host = host.substr(0, host.rfind(':'));
  constexpr std::array<std::string_view, 5> kNear = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                                     "[fd00:ec2::23]"};
  bool is_loopback = host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  bool is_near = is_loopback || std::find(kNear.begin(), kNear.end(), host) != kNear.end();
  if (is_near) return {};
  return bad_config("http:// may only lead to this machine or to AWS's endpoints of containers; use https://");
}

Result<std::unique_ptr<Endpoint>> container_endpoint(const MetadataOptions& options) {
  std::string relative = variable(options, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  std::string full = variable(options, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::unique_ptr<Endpoint>();
  ContainerOptions own{.url = relative.empty() ? full : std::string(kContainerHost).append(relative),
                       .token = variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                       .token_file = variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")};
  auto checked = check_container_url(own.url);
  if (!checked.ok()) {
    Error error = std::move(checked).error().with_context("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    error.kind = ErrorKind::kBadConfig;
    return error;
  }
  return std::unique_ptr<Endpoint>(std::make_unique<ContainerEndpoint>(std::move(own), options.parse));
}

Result<std::unique_ptr<Endpoint>> choose_endpoint(const MetadataOptions& options) {
  TRY_ASSIGN(auto container, container_endpoint(options));
  if (container != nullptr) return container;
  if (equals_ignoring_case(variable(options, "AWS_EC2_METADATA_DISABLED"), "true")) return std::unique_ptr<Endpoint>();
  std::string base = variable(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = kInstanceHost;
  while (base.ends_with('/')) base.pop_back();
  return std::unique_ptr<Endpoint>(std::make_unique<InstanceEndpoint>(std::move(base), options.parse));
}

}  // namespace

Result<std::unique_ptr<CredentialProvider>> make_metadata_provider(MetadataOptions options) {
  TRY_ASSIGN(auto endpoint, choose_endpoint(options));
  if (endpoint == nullptr) return std::unique_ptr<CredentialProvider>();
  http::ClientOptions client_options{
      .retry = {.attempts = kMetadataAttempts, .longest_wait = std::chrono::milliseconds(200)},
      .timeouts = {.connect = kMetadataTimeout, .stall = kMetadataTimeout, .total = kMetadataTimeout},
      .uses_proxies = false,
      .most_body_bytes = kMaxMetadataBytes};
  TRY_ASSIGN(auto client, options.make_client(client_options));
  // Shared only because a std::function must be copyable.
  auto fetch = [endpoint = std::shared_ptr(std::move(endpoint)), client = std::shared_ptr(std::move(client))](
                   const std::stop_token& stop) { return endpoint->fetch(*client, stop); };
  return make_refreshed_provider(std::move(fetch), std::move(options.now));
}

}  // namespace quern::s3

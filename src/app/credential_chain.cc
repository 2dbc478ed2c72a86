#include "app/credential_chain.h"

#include <optional>
#include <utility>

#include "services/credentials/envelope.h"
#include "services/credentials/profile.h"
#include "services/s3/metadata.h"

namespace quern::app {
namespace {

Result<std::optional<AwsCredentials>> from_envelope(const CredentialRequest& request) {
  const char* value = request.environment("CREDENTIALS");
  if (value == nullptr || *value == '\0') return std::optional<AwsCredentials>();
  auto loaded = credentials::load_private_key(request.key_file, request.environment, request.system_key);
  if (!loaded.ok()) return std::move(loaded).error().with_context("CREDENTIALS is set, and cannot be opened");
  TRY_ASSIGN(auto opened, credentials::open(value, loaded.value().key, "CREDENTIALS"));
  return std::optional(std::move(opened.credentials));
}

Result<std::optional<AwsCredentials>> first_of_all(const CredentialRequest& request) {
  if (request.is_anonymous) return std::optional<AwsCredentials>();
  TRY_ASSIGN(auto found, from_envelope(request));
  if (found.has_value()) return found;
  TRY_ASSIGN(found, credentials::from_environment(request.environment));
  if (found.has_value()) return found;
  return credentials::from_profile(request.environment);
}

Result<std::unique_ptr<s3::CredentialProvider>> metadata_provider(const CredentialRequest& request) {
  if (request.is_anonymous) return std::unique_ptr<s3::CredentialProvider>();
  return s3::make_metadata_provider(
      {.environment = request.environment, .now = request.now, .parse = credentials::parse_credentials});
}

}  // namespace

Result<FoundCredentials> find_credentials(const CredentialRequest& request) {
  FoundCredentials result;
  auto no_core_dumps = std::make_unique<credentials::NoCoreDumps>();
  TRY_ASSIGN(auto found, first_of_all(request));
  if (found.has_value()) result.region = found->region;
  if (result.region.empty()) {
    TRY_ASSIGN(result.region, credentials::region_of_profile(request.environment));
  }
  if (!found.has_value()) {
    TRY_ASSIGN(result.provider, metadata_provider(request));
    if (result.provider != nullptr) result.no_core_dumps = std::move(no_core_dumps);
    if (result.provider == nullptr) result.provider = s3::make_anonymous_provider();
    return result;
  }
  TRY(s3::check_not_expired(*found, request.now()));
  result.no_core_dumps = std::move(no_core_dumps);
  result.source = found->source;
  result.provider = s3::make_fixed_provider(std::move(*found), request.now);
  return result;
}

std::unique_ptr<s3::CredentialProvider> make_taskcluster_provider(taskcluster::Api& api, taskcluster::S3Request request,
                                                                  std::function<UtcTime()> now) {
  auto fetch = [&api,
                request = std::move(request)](const std::stop_token& stop) -> Result<std::optional<AwsCredentials>> {
    auto credentials = taskcluster::s3_credentials(api, request, stop);
    if (!credentials.ok()) return std::move(credentials).error();
    return std::optional(std::move(credentials).value());
  };
  return s3::make_refreshed_provider(std::move(fetch), std::move(now));
}

}  // namespace quern::app

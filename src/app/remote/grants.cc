#include "app/remote/grants.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "app/job/load_job.h"
#include "app/job/run_inputs.h"
#include "base/duration.h"
#include "base/fd.h"
#include "base/shown_url.h"
#include "services/credentials/profile.h"
#include "services/disk/files.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/credential_provider.h"
#include "stages/inputs/key_pattern.h"
#include "stages/inputs/manifest.h"
#include "stages/inputs/remote.h"

namespace quern::app {
namespace {

// Returns nothing if the name is not that of an object.
Result<std::optional<s3::ObjectName>> object_of(std::string_view name, const std::string& bucket) {
  if (s3::is_s3_url(name)) {
    TRY_ASSIGN(s3::ObjectName object, s3::parse_s3_url(name));
    return std::optional(std::move(object));
  }
  if (bucket.empty() || inputs::is_web_url(name)) return std::optional<s3::ObjectName>();
  return std::optional(s3::ObjectName{.bucket = bucket, .key = std::string(name)});
}

Result<void> add_pattern(const std::string& pattern, const std::string& bucket, std::vector<s3::Grant>& grants) {
  TRY_ASSIGN(auto object, object_of(pattern, bucket));
  if (!object.has_value()) return {};
  TRY_ASSIGN(inputs::KeyPlan plan, inputs::plan_keys(object->key));
  for (const std::string& key : plan.exact) grants.push_back({.bucket = object->bucket, .prefix = key});
  for (const auto& listing : plan.listings) grants.push_back({.bucket = object->bucket, .prefix = listing.prefix});
  return {};
}

// A manifest may have a million keys, but a policy has room for only a few.
Result<void> add_manifest(const NamedInputs& named, std::vector<s3::Grant>& grants) {
  std::map<std::string, std::string> beginnings;
  TRY(inputs::read_manifest(
      *named.manifest, named.manifest_name, [&](const inputs::ManifestLine& line) -> Result<void> {
        TRY_ASSIGN(auto object, object_of(line.name, named.bucket));
        if (!object.has_value()) return {};
        auto [found, is_new] = beginnings.try_emplace(object->bucket, object->key);
        std::string& common = found->second;
        auto differs = std::mismatch(common.begin(), common.end(), object->key.begin(), object->key.end());
        common.erase(differs.first, common.end());
        return {};
      }));
  for (auto& [bucket, common] : beginnings) grants.push_back({.bucket = bucket, .prefix = std::move(common)});
  return {};
}

// In sorted order, a grant directly follows the one that contains it.
void leave_out_what_lies_within_others(std::vector<s3::Grant>& grants) {
  std::sort(grants.begin(), grants.end(), [](const s3::Grant& left, const s3::Grant& right) {
    return std::tie(left.bucket, left.prefix) < std::tie(right.bucket, right.prefix);
  });
  std::vector<s3::Grant> kept;
  for (s3::Grant& grant : grants) {
    bool is_within =
        !kept.empty() && kept.back().bucket == grant.bucket && grant.prefix.starts_with(kept.back().prefix);
    if (!is_within) kept.push_back(std::move(grant));
  }
  grants = std::move(kept);
}

}  // namespace

Result<std::vector<s3::Grant>> grants_for(const NamedInputs& inputs) {
  std::vector<s3::Grant> grants;
  for (const std::string& pattern : inputs.patterns) {
    TRY(add_pattern(pattern, inputs.bucket, grants).context(shown_url(pattern)));
  }
  if (inputs.manifest != nullptr) TRY(add_manifest(inputs, grants));
  if (grants.empty()) {
    return bad_config("none of the inputs is in S3, so they need no credentials; name others with -i s3://...");
  }
  leave_out_what_lies_within_others(grants);
  return grants;
}

namespace {

Error bad(std::string message) { return bad_config("credentials federate: " + std::move(message)); }

Result<Fd> open_manifest(const inputs::Pattern& manifest) {
  if (manifest.text == "-") return Fd(::dup(STDIN_FILENO));
  return open_file(disk::absolute_path(manifest.text, manifest.folder), O_RDONLY).context(manifest.origin);
}

Result<std::vector<s3::Grant>> grants_of_job(const CommandLine& line) {
  TRY_ASSIGN(LoadedJob loaded, load_job(line.job, line));
  TRY_ASSIGN(inputs::InputRequest request, input_request(loaded.file.job, line));
  if (request.index.has_value()) {
    return bad(
        fmt::format("the inputs of {} come from an index, which may name any; say with -i s3://... what may be read",
                    loaded.shown_path));
  }
  NamedInputs named{.bucket = request.bucket};
  for (const inputs::Pattern& pattern : request.patterns) {
    if (pattern.text == "-") return bad("names on standard input are a manifest here: --manifest -");
    named.patterns.push_back(pattern.text);
  }
  if (!request.manifest.has_value()) return grants_for(named);
  TRY_ASSIGN(Fd fd, open_manifest(*request.manifest));
  FdSource manifest(std::move(fd));
  named.manifest = &manifest;
  named.manifest_name = request.manifest->text;
  return grants_for(named);
}

Result<s3::FederationRequest> request_for(const CommandLine& line, const AwsCredentials& own,
                                          const EnvironmentLookup& environment) {
  s3::FederationRequest request{
      .name = line.credentials.session,
      .region = own.region.empty() ? std::string(s3::kDefaultRegion) : own.region,
  };
  auto duration = parse_duration(line.credentials.duration);
  if (!duration.ok()) return bad("--duration " + duration.error().message);
  request.duration = std::chrono::duration_cast<std::chrono::seconds>(duration.value());
  TRY_ASSIGN(request.endpoint, credentials::endpoint_of("sts", environment, line.credentials.profile.value_or("")));
  return request;
}

}  // namespace

Result<Federated> federate_for_job(const CommandLine& line, AwsCredentials own, const EnvironmentLookup& environment) {
  TRY_ASSIGN(auto grants, grants_of_job(line));
  TRY_ASSIGN(s3::FederationRequest request, request_for(line, own, environment));
  TRY_ASSIGN(request.policy, s3::policy_for(grants, request.region));
  TRY_ASSIGN(auto client, http::make_client({}));
  const s3::Clock now = [] { return std::chrono::system_clock::now(); };
  auto provider = s3::make_fixed_provider(std::move(own), now);
  TRY_ASSIGN(AwsCredentials given, s3::federate(*client, *provider, request, now, std::stop_token()));
  given.region = request.region;
  return Federated{.credentials = std::move(given), .grants = std::move(grants)};
}

}  // namespace quern::app

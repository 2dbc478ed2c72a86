#include "app/remote/grants.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/shown_url.h"
#include "services/s3/address.h"
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

}  // namespace quern::app

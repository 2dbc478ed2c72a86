#include "services/taskcluster/scopes.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace quern::taskcluster {

bool satisfies(std::string_view held, std::string_view needed) {
  if (held == needed) return true;
  return held.ends_with('*') && needed.starts_with(held.substr(0, held.size() - 1));
}

std::vector<std::string> missing_scopes(const std::vector<std::string>& held, const std::vector<std::string>& needed) {
  std::vector<std::string> missing;
  for (const std::string& scope : needed) {
    bool is_held = std::any_of(held.begin(), held.end(), [&](const auto& own) { return satisfies(own, scope); });
    if (!is_held && std::find(missing.begin(), missing.end(), scope) == missing.end()) missing.push_back(scope);
  }
  return missing;
}

namespace {

constexpr std::string_view kScheme = "s3://";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string_view common_start(std::string_view left, std::string_view right) {
  auto end = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first;
  return left.substr(0, static_cast<std::size_t>(end - left.begin()));
}

// Returns the part of a key that may be in a scope, up to its last /. The service refuses a prefix that begins with /.
std::string_view prefix_of(std::string_view key) {
  if (key.starts_with('/')) return {};
  auto end = std::find_if_not(key.begin(), key.end(), is_printable);
  std::string_view printable = key.substr(0, static_cast<std::size_t>(end - key.begin()));
  return printable.substr(0, printable.rfind('/') + 1);
}

}  // namespace

void S3RequestsMaker::add(std::string_view url) {
  if (!url.starts_with(kScheme)) return;
  const std::string_view name = url.substr(kScheme.size());
  const std::size_t slash = std::min(name.find('/'), name.size());
  const std::string_view bucket = name.substr(0, slash);
  const std::string_view key = name.substr(std::min(slash + 1, name.size()));
  auto found = prefixes_.find(bucket);
  if (found == prefixes_.end()) {
    prefixes_.emplace(bucket, prefix_of(key));
  } else if (!key.starts_with(found->second)) {
    found->second = std::string(prefix_of(common_start(found->second, key)));
  }
}

std::vector<S3Request> S3RequestsMaker::requests() const {
  std::vector<S3Request> requests;
  for (const auto& [bucket, prefix] : prefixes_) requests.push_back({.bucket = bucket, .prefix = prefix});
  return requests;
}

std::vector<S3Request> s3_requests_for(std::span<const std::string> urls) {
  S3RequestsMaker maker;
  for (const std::string& url : urls) maker.add(url);
  return maker.requests();
}

}  // namespace quern::taskcluster

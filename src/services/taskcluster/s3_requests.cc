#include "services/taskcluster/s3_requests.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace quern::taskcluster {
namespace {

constexpr std::string_view kScheme = "s3://";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string_view common_start(std::string_view left, std::string_view right) {
  auto end = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first;
  return left.substr(0, static_cast<std::size_t>(end - left.begin()));
}

// What of a key may stand in a scope, up to its last /. A prefix that begins with / is refused by the service.
std::string_view prefix_of(std::string_view key) {
  if (key.starts_with('/')) return {};
  auto end = std::find_if_not(key.begin(), key.end(), is_printable);
  std::string_view printable = key.substr(0, static_cast<std::size_t>(end - key.begin()));
  return printable.substr(0, printable.rfind('/') + 1);
}

}  // namespace

std::vector<S3Request> s3_requests_for(std::span<const std::string> urls) {
  std::map<std::string_view, std::string_view> prefixes;  // by bucket
  for (const std::string& url : urls) {
    if (!url.starts_with(kScheme)) continue;
    std::string_view name = std::string_view(url).substr(kScheme.size());
    std::size_t slash = std::min(name.find('/'), name.size());
    std::string_view key = name.substr(std::min(slash + 1, name.size()));
    auto [found, is_new] = prefixes.try_emplace(name.substr(0, slash), prefix_of(key));
    if (!is_new) found->second = prefix_of(common_start(found->second, key));
  }
  std::vector<S3Request> requests;
  for (const auto& [bucket, prefix] : prefixes) {
    requests.push_back({.bucket = std::string(bucket), .prefix = std::string(prefix)});
  }
  return requests;
}

}  // namespace quern::taskcluster

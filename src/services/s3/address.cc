#include "services/s3/address.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

#include "base/encoding.h"
#include "base/shown_url.h"
#include "services/http/http.h"

namespace quern::s3 {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kMostBucketBytes = 255;
constexpr std::size_t kMostHostBytes = 63;

std::string quoted(std::string_view text) { return std::string(1, '"').append(text).append("\""); }

bool is_alnum(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) != 0; }

bool can_be_host(std::string_view bucket) {
  if (bucket.size() < 3 || bucket.size() > kMostHostBytes || bucket.front() == '-' || bucket.back() == '-')
    return false;
  return std::all_of(bucket.begin(), bucket.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
  });
}

struct RegionsOfPartition {
  std::string_view prefix;
  Partition partition;
};
constexpr std::array<RegionsOfPartition, 8> kPartitions = {{{"cn-", {"aws-cn", "amazonaws.com.cn"}},
                                                            {"us-gov-", {"aws-us-gov", "amazonaws.com"}},
                                                            {"eusc-", {"aws-eusc", "amazonaws.eu"}},
                                                            {"us-iso-", {"aws-iso", "c2s.ic.gov"}},
                                                            {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov"}},
                                                            {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk"}},
                                                            {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov"}},
                                                            {"eu-isof-", {"aws-iso-f", "csp.hci.ic.gov"}}}};

}  // namespace

Partition partition_of(std::string_view region) {
  for (const RegionsOfPartition& one : kPartitions) {
    if (region.starts_with(one.prefix)) return one.partition;
  }
  return {"aws", "amazonaws.com"};
}

bool is_s3_url(std::string_view text) { return text.starts_with(kScheme); }

Result<ObjectName> parse_s3_url(std::string_view text) {
  if (!is_s3_url(text)) return bad_config(shown_url(text) + " is not a name of the form s3://bucket/key");
  const std::string_view url = text;
  text.remove_prefix(kScheme.size());
  std::size_t slash = std::min(text.find('/'), text.size());
  ObjectName name{.bucket = std::string(text.substr(0, slash)),
                  .key = std::string(text.substr(std::min(slash + 1, text.size())))};
  auto checked = check_bucket(name.bucket).context(url);
  if (checked.ok()) return name;
  const std::string shown = shown_url(url);
  if (shown == url) return std::move(checked).error();
  return bad_config(shown +
                    ": there may be keys before the @; quern takes them from the environment or a profile, never "
                    "from a URL");
}

std::string format_s3_url(std::string_view bucket, std::string_view key) {
  return std::string(kScheme).append(bucket).append("/").append(key);
}

Result<void> check_bucket(std::string_view bucket) {
  if (bucket.empty()) return bad_config("the name of the bucket is missing");
  if (bucket.size() > kMostBucketBytes || bucket == "." || bucket == "..") {
    return bad_config(quoted(bucket) + " cannot be the name of a bucket");
  }
  for (char byte : bucket) {
    if (is_alnum(byte) || byte == '.' || byte == '-' || byte == '_') continue;
    return bad_config(quoted(bucket) +
                      " cannot be the name of a bucket: it may have letters, digits, '.', '-' and '_'" +
                      (std::string_view("*?[{").find(byte) != std::string_view::npos
                           ? "; a pattern may begin behind the bucket's name"
                           : ""));
  }
  return {};
}

Result<void> check_region(std::string_view region) {
  bool is_good = !region.empty() && region.size() <= kMostHostBytes &&
                 std::all_of(region.begin(), region.end(), [](char byte) { return is_alnum(byte) || byte == '-'; });
  if (is_good) return {};
  return bad_config(quoted(region) + " is not a region of AWS; they look like us-east-1");
}

Result<void> check_address_options(const AddressOptions& options) {
  if (options.endpoint.empty()) return {};
  auto url = http::parse_url(options.endpoint);
  bool is_good = url.ok() && (url.value().scheme == "http" || url.value().scheme == "https") &&
                 url.value().query.empty() && options.endpoint.find_first_of("?#@") == std::string::npos;
  if (is_good) return {};
  return bad_config("the endpoint must be a URL such as http://localhost:9000, without a user, a '?' or a '#'");
}

std::string object_url(const AddressOptions& options, std::string_view bucket, std::string_view key,
                       std::string_view region) {
  bool is_aws = options.endpoint.empty();
  bool is_host =
      options.style == AddressStyle::kHost || (options.style == AddressStyle::kAuto && is_aws && can_be_host(bucket));
  std::string base = options.endpoint;
  if (is_aws) base.append("https://s3.").append(region).append(".").append(partition_of(region).domain);
  while (base.ends_with('/')) base.pop_back();
  if (is_host) {
    base.insert(base.find("://") + 3, std::string(bucket) + ".");
  } else {
    base.append("/").append(bucket);
  }
  if (key.empty()) return is_host ? base + "/" : base;
  return base.append("/").append(percent_encode(key, "/"));
}

}  // namespace quern::s3

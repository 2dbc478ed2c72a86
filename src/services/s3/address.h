#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/input.h"

// Names and URLs of buckets and objects. Pure functions.

namespace quern::s3 {

inline constexpr std::string_view kDefaultRegion = "us-east-1";

// s3://bucket/key as users write it: the key is used as it is, not decoded.
struct ObjectName {
  std::string bucket;
  std::string key;  // "" for the bucket itself

  bool operator==(const ObjectName&) const = default;
};
bool is_s3_url(std::string_view text);
// kBadConfig, with the reason, if the text is not an s3:// URL or the bucket name is invalid.
Result<ObjectName> parse_s3_url(std::string_view text);
std::string format_s3_url(std::string_view bucket, std::string_view key);
// kBadConfig if the name is empty, is longer than 255 bytes, or has characters other than letters, digits, '.', '-' and
// '_'. Otherwise less strict than AWS, as other servers are.
Result<void> check_bucket(std::string_view bucket);

// AWS's term for a group of regions that share no accounts with other groups.
struct Partition {
  std::string_view name;    // "aws", as in ARNs
  std::string_view domain;  // "amazonaws.com", of its services
};
// Returns a partition that AWS's own tools know (botocore's partitions.json); "aws" for an unknown region.
Partition partition_of(std::string_view region);

struct AddressOptions {
  std::string endpoint;  // http(s)://host[:port][/path] of a server other than AWS; "": AWS
  AddressStyle style = AddressStyle::kAuto;
};
// kBadConfig if the endpoint is not such a URL.
Result<void> check_address_options(const AddressOptions& options);
// kBadConfig if the region has characters other than letters, digits and '-', because it becomes part of a host name.
Result<void> check_region(std::string_view region);

// Returns the URL of an object, or of the bucket for an empty key, encoded as it must be signed and sent. The functions
// above must have checked all arguments.
std::string object_url(const AddressOptions& options, std::string_view bucket, std::string_view key,
                       std::string_view region);

}  // namespace quern::s3

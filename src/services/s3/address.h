#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/address_style.h"

// Where a bucket and its objects are. Pure functions.

namespace quern::s3 {

inline constexpr std::string_view kDefaultRegion = "us-east-1";

// s3://bucket/key as users write it: the key is taken as it is, not decoded.
struct ObjectName {
  std::string bucket;
  std::string key;  // "" for a bucket alone

  bool operator==(const ObjectName&) const = default;
};
bool is_s3_url(std::string_view text);
// kBadConfig, with the reason: no s3:// URL, or a bucket that cannot be one.
Result<ObjectName> parse_s3_url(std::string_view text);
std::string format_s3_url(std::string_view bucket, std::string_view key);
// kBadConfig: it is empty, longer than 255 bytes, or has other characters than letters, digits, '.', '-' and '_'. Other
// servers than AWS are less strict than AWS about the rest.
Result<void> check_bucket(std::string_view bucket);

// What AWS calls a group of regions that have no accounts in common with others.
struct Partition {
  std::string_view name;    // "aws", as in ARNs
  std::string_view domain;  // "amazonaws.com", of its services
};
// Of those that AWS's own tools know (botocore's partitions.json); a region of none of them is of "aws".
Partition partition_of(std::string_view region);

struct AddressOptions {
  std::string endpoint;  // http(s)://host[:port][/path] of another server than AWS; "": AWS
  AddressStyle style = AddressStyle::kAuto;
};
// kBadConfig: the endpoint is no such URL.
Result<void> check_address_options(const AddressOptions& options);
// Regions become a part of a host. kBadConfig: it has other characters than letters, digits and '-'.
Result<void> check_region(std::string_view region);

// The URL of an object, or with an empty key that of the bucket, encoded as it is to be signed and sent. Everything in
// it was checked by the functions above.
std::string object_url(const AddressOptions& options, std::string_view bucket, std::string_view key,
                       std::string_view region);

}  // namespace quern::s3

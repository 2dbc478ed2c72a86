#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The text of ~/.aws/config and ~/.aws/credentials, as AWS's tools read it
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).

namespace quern::credentials {

struct Property {
  std::string profile;          // "default", or another name
  bool is_of_services = false;  // `profile` is the name of a section [services NAME]
  std::string name;             // in lower case; "s3.endpoint_url" of a property below `s3 =`
  std::string_view value;       // in the text that was parsed; it may be a secret
  std::size_t line = 0;
};

// In a credentials file a section's name is that of a profile; in a config file that is only so for [default] and for
// [profile NAME], next to [services NAME], and other sections belong to other things.
enum class ProfileFileKind { kCredentials, kConfig };

// The properties of all profiles and services, in order; values are cut out of `text` and valid as long as it is. Lines
// further indented are properties within one, or, without a =, left out. kBadInput with "path:line: " and what is wrong
// with the line, which is not shown. Pure.
Result<std::vector<Property>> parse_profile_file(std::string_view text, ProfileFileKind kind, std::string_view path);

}  // namespace quern::credentials

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Parses ~/.aws/config and ~/.aws/credentials as AWS's tools do
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).

namespace quern::credentials {

struct Property {
  std::string profile;          // "default", or another name
  bool is_of_services = false;  // `profile` is the name of a section [services NAME]
  std::string name;             // in lower case; "s3.endpoint_url" for a property below `s3 =`
  std::string_view value;       // points into the parsed text; may be a secret
  std::size_t line = 0;
};

// In a credentials file, every section is a profile. In a config file, only [default] and [profile NAME] are profiles,
// and [services NAME] is used too; other sections are ignored.
enum class ProfileFileKind { kCredentials, kConfig };

// Returns the properties of all profiles and services in order; values point into `text` and are valid as long as it
// is. Lines that are indented further are nested properties, or are ignored if they contain no =. kBadInput, with
// "path:line: " and the problem of the line, whose content is not shown. Pure.
Result<std::vector<Property>> parse_profile_file(std::string_view text, ProfileFileKind kind, std::string_view path);

}  // namespace quern::credentials

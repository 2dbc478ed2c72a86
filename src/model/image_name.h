#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Names of images as workers and Docker read them (https://github.com/distribution/reference). Pure functions.

namespace quern {

struct ImageName {
  std::string registry;    // host[:port]; "docker.io" where the name has none
  std::string repository;  // "library/debian"
  std::string tag;         // "latest" where the name has neither tag nor digest; "" where it only has a digest
  std::string digest;      // "sha256:..."; "" if there is none

  // What a registry is asked for: the digest, if there is one.
  const std::string& reference() const { return digest.empty() ? tag : digest; }
};
inline constexpr std::string_view kDockerHub = "docker.io";

// kBadConfig, with the reason.
Result<ImageName> parse_image_name(std::string_view text);

}  // namespace quern

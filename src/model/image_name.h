#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Image names as workers and Docker parse them (https://github.com/distribution/reference). Pure functions.

namespace quern {

struct ImageName {
  std::string registry;    // host[:port]; "docker.io" if the name has none
  std::string repository;  // "library/debian"
  std::string tag;         // "latest" if the name has neither tag nor digest; "" if it has only a digest
  std::string digest;      // "sha256:..."; "" if there is none

  // What to request from the registry: the digest if there is one, else the tag.
  const std::string& reference() const { return digest.empty() ? tag : digest; }
};
inline constexpr std::string_view kDockerHub = "docker.io";

// kBadConfig, with the reason, if `text` is not a valid image name.
Result<ImageName> parse_image_name(std::string_view text);

}  // namespace quern

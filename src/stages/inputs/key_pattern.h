#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Globs over the keys of a bucket, with the rules of glob.h for each part between two '/': ** is any number of parts
// (and, at the end, everything below), and a leading dot of a part only matches a leading dot. Unlike paths, keys are
// taken as they are: "a//b" has an empty part. Pure functions.

namespace quern::inputs {

// A pattern without braces.
class KeyPattern {
 public:
  explicit KeyPattern(std::string_view pattern);
  bool matches(std::string_view key) const;
  // Whether a part begins with a '_', as what Hadoop writes next to data does: then that is meant.
  bool names_bookkeeping() const;

 private:
  std::vector<std::string> parts_;
};

// One listing, and what of it is wanted.
struct KeyListing {
  std::string prefix;
  bool is_one_level = true;  // no pattern looks behind a '/' that follows the prefix
  std::vector<KeyPattern> patterns;
};

// What has to be asked of a bucket to find what a pattern matches.
struct KeyPlan {
  std::vector<std::string> exact;    // keys
  std::vector<KeyListing> listings;  // no prefix starts with another one
};

// A '/' at the end, or no pattern at all, means everything below. kBadConfig: the braces stand for too much.
Result<KeyPlan> plan_keys(std::string_view pattern);

// How many bytes of the names that a pattern gives are folders that it names: up to the last '/' before its first
// wildcard or brace, without the backslashes that take a meaning away; 0 for a name without any.
std::size_t folder_bytes(std::string_view pattern);

}  // namespace quern::inputs

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Globs over the keys of a bucket, with the rules of glob.h for each part between slashes. ** matches any number of
// parts (and, at the end, everything below). A leading dot of a part is matched only by a leading dot. Unlike paths,
// keys are not normalized: "a//b" has an empty part. Pure functions.

namespace quern::inputs {

// A pattern without braces.
class KeyPattern {
 public:
  explicit KeyPattern(std::string_view pattern);
  bool matches(std::string_view key) const;
  // Whether a part begins with a '_', like the files that Hadoop writes next to data: then these are meant.
  bool names_bookkeeping() const;

 private:
  std::vector<std::string> parts_;
};

// A listing to request, and which of its keys are wanted.
struct KeyListing {
  std::string prefix;
  bool is_one_level = true;  // no pattern needs keys with a '/' after the prefix
  std::vector<KeyPattern> patterns;
};

// The requests to a bucket that find what a pattern matches.
struct KeyPlan {
  std::vector<std::string> exact;    // keys
  std::vector<KeyListing> listings;  // no prefix begins with another one
};

// A '/' at the end, or an empty pattern, means everything below. kBadConfig if the braces expand to too many patterns.
Result<KeyPlan> plan_keys(std::string_view pattern);

// Returns how many bytes at the beginning of the matched names are folders that the pattern names: up to the last '/'
// before its first wildcard or brace, without escaping backslashes; 0 if there is none.
std::size_t folder_bytes(std::string_view pattern);

}  // namespace quern::inputs

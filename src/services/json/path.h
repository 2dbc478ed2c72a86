#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::json {

// One step of a path from a JSON value into one of its parts.
struct PathStep {
  enum class Kind { kName, kIndex, kEvery };
  Kind kind = Kind::kName;
  std::string name;         // kName: of a member, as it is called once its escapes are undone
  std::uint64_t index = 0;  // kIndex: of an element, from 0
  bool operator==(const PathStep&) const = default;
};

using Path = std::vector<PathStep>;

// `info.OS`, `a[0].b`, `a[*].b` (of every element), and names in quotes where they hold a dot, a bracket or a quote:
// `"a.b".c`, `'a.b'.c`; within quotes a backslash takes the next character as it is. kBadConfig says what is wrong with
// which character. A path has at least one step and at most limits::kMaxPathSteps.
Result<Path> parse_path(std::string_view text);

// Whether one record may have several values there.
bool has_every(const Path& path);

}  // namespace quern::json

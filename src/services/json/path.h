#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::json {

// One step of a path from a JSON value to one of its parts.
struct PathStep {
  enum class Kind { kName, kIndex, kEvery };
  Kind kind = Kind::kName;
  std::string name;         // for kName: the member's name without escapes
  std::uint64_t index = 0;  // for kIndex: of an element, from 0
  bool operator==(const PathStep&) const = default;
};

using Path = std::vector<PathStep>;

// Parses `info.OS`, `a[0].b` and `a[*].b` (of every element). Names that contain a dot, a bracket or a quote are
// quoted: `"a.b".c`, `'a.b'.c`; within quotes a backslash escapes the next character. kBadConfig names the invalid
// character and the problem. A path has at least one step and at most limits::kMaxPathSteps.
Result<Path> parse_path(std::string_view text);

// Writes a path such that parse_path() reads it back; quotes only the names that need it.
std::string path_text(const Path& path);

// Whether one record may have several values at the path.
bool has_every(const Path& path);

}  // namespace quern::json

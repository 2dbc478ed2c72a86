#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::inputs {

// Returns the prefixes sorted, without those that begin with another one.
std::vector<std::string> without_covered(std::vector<std::string> prefixes);

// A Filter.json (docs/formats/filter.md): selects inputs by the parts of their paths.
class Filter {
 public:
  // `origin` names the filter in errors, which are kBadConfig.
  static Result<Filter> parse(std::string_view json, std::string_view origin);

  // `path` is the path of the input below its prefix, without a leading '/'.
  bool accepts(std::string_view path) const;
  // Returns at most `most` prefixes. Every accepted path begins with one of them, and none begins with another. {""}
  // means that any path may be accepted.
  std::vector<std::string> prefixes(std::size_t most) const;
  // The filter as it was read, without white space.
  const std::string& json() const { return json_; }

 private:
  struct Dimension {
    bool is_any = false;
    std::vector<std::string> values = {};  // sorted; the allowed values, unless there is a range
    bool is_range = false;
    std::optional<std::string> min = {};
    std::optional<std::string> max = {};
  };
  friend struct FilterReader;

  static bool allows(const Dimension& dimension, std::string_view value);

  std::vector<Dimension> dimensions_;
  std::string json_;
};

}  // namespace quern::inputs

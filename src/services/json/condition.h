#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/number.h"
#include "base/result.h"
#include "services/json/json_reader.h"
#include "services/json/path.h"

namespace quern::json {

// A value to compare a part of a record with. Values of different kinds are never equal and have no order.
struct Scalar {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString };
  Kind kind = Kind::kNull;
  std::string text;    // for kNumber as written, and for kString
  double nearest = 0;  // for kNumber
  WrittenNumber number() const { return {.nearest = nearest, .text = text}; }
};

// True if the value at the path is one of `allowed`, or lies between `least` and `most`. Numbers are compared exactly,
// strings by their bytes. If the path contains [*], one matching value is enough. False if there is no value.
struct Condition {
  Path path;
  std::string written;  // the path as written in the job
  std::vector<Scalar> allowed;
  std::optional<Scalar> least;
  std::optional<Scalar> most;
  // Whether a string is also compared as the number that it reads as: for records whose values are all texts.
  bool reads_numbers = false;
};

// Parses the job's `where` from JSON: {"info.appName": ["Firefox"], "info.memsize": {"min": 1024}, "a": 1}. kBadConfig
// names the path that is wrong.
Result<std::vector<Condition>> parse_conditions(std::string_view where_json);

// `raw` is the JSON of one value. `scratch` is working memory.
bool matches(const Condition& condition, std::string_view raw, std::string& scratch);

// Whether a record satisfies all conditions: captures with number i are the values at the path of condition i.
bool all_hold(const std::vector<Condition>& conditions, const std::vector<Capture>& captures, std::string& scratch);

}  // namespace quern::json

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

// A value that a record's part is compared with. Values of different kinds are never equal, and in no order.
struct Scalar {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString };
  Kind kind = Kind::kNull;
  std::string text;    // of kNumber as written, of kString
  double nearest = 0;  // of kNumber
  WrittenNumber number() const { return {.nearest = nearest, .text = text}; }
};

// Holds if the value at the path is one of `allowed`, or lies between `least` and `most`: numbers by their exact
// value, strings by their bytes. With [*] in the path one of the values is enough. Without a value there it does not
// hold.
struct Condition {
  Path path;
  std::string written;  // the path as the job has it
  std::vector<Scalar> allowed;
  std::optional<Scalar> least;
  std::optional<Scalar> most;
};

// The job's `where` as JSON: {"info.appName": ["Firefox"], "info.memsize": {"min": 1024}, "a": 1}. kBadConfig names the
// path that is wrong.
Result<std::vector<Condition>> parse_conditions(std::string_view where_json);

// `raw` is the JSON of one value. `scratch` is memory to work in.
bool matches(const Condition& condition, std::string_view raw, std::string& scratch);

// Whether each condition holds for a record: the captures of number i are the values at the path of condition i.
bool all_hold(const std::vector<Condition>& conditions, const std::vector<Capture>& captures, std::string& scratch);

}  // namespace quern::json

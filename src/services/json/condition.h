#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/json/json_reader.h"
#include "services/json/path.h"

namespace quern::json {

// A number as it compares: integers exactly as far as 64 bits go, everything else as a double.
struct Number {
  bool is_integer = false;
  bool is_negative = false;     // of an integer
  std::uint64_t magnitude = 0;  // of an integer
  double value = 0;
};
// `text` is a JSON number.
Number parse_number(std::string_view text);
// Below 0, 0 or above 0, as the left one is smaller, equal or greater.
int compare(const Number& left, const Number& right);

// A value that a record's part is compared with. Values of different kinds are never equal, and in no order.
struct Scalar {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString };
  Kind kind = Kind::kNull;
  Number number;
  std::string string;
};

// Holds if the value at the path is one of `allowed`, or lies between `least` and `most`: numbers by their value,
// strings by their bytes. With [*] in the path one of the values is enough. Without a value there it does not hold.
struct Condition {
  Path path;
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

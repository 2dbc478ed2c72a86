#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utc_time.h"

// Reads JSON that other programs wrote. Pure functions and plain values.

namespace quern {

using Json = nlohmann::ordered_json;

// Returns nullopt if `text` is not JSON or is nested deeper than limits::kMaxAnswerDepth.
std::optional<Json> parse_json(std::string_view text);
// Returns compact JSON; replaces bytes that are not UTF-8.
std::string dump_json(const Json& json);

// Reads values from an object and remembers the first one that is missing or has the wrong type; the getter then
// returns an empty value. Borrows the object.
class JsonFields {
 public:
  // `where` is a prefix for field names in messages, such as "status.".
  explicit JsonFields(const Json& object, std::string where = "");

  std::string text(const char* name);
  std::string text_or_none(const char* name);
  UtcTime time(const char* name);
  std::optional<UtcTime> time_or_none(const char* name);
  std::uint64_t number(const char* name);
  std::optional<std::uint64_t> number_or_none(const char* name);
  std::int64_t signed_number(const char* name);
  double real_number(const char* name);
  std::vector<std::string> texts_or_none(const char* name);
  // Returns an empty object or array if the field is missing.
  const Json& object(const char* name);
  const Json& array(const char* name);

  void fail(const char* name, std::string_view why);
  // Returns the message for the first field that failed, naming it; "" if none failed.
  const std::string& failure() const { return failure_; }

 private:
  const Json* find(const char* name) const;

  const Json& object_;
  const std::string where_;
  std::string failure_;
};

}  // namespace quern

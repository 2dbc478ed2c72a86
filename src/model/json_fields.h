#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utc_time.h"

// JSON that somebody else wrote. Pure; values of no thread.

namespace quern {

using Json = nlohmann::ordered_json;

// None: it is no JSON, or nested deeper than anything that is meant seriously (limits::kMaxAnswerDepth).
std::optional<Json> parse_json(std::string_view text);
// Compact; bytes that are not UTF-8 are replaced.
std::string dump_json(const Json& json);

// Takes values out of an object and remembers the first one that is missing or of the wrong type; what is then returned
// is empty. Borrows the object.
class JsonFields {
 public:
  // `where` is named in front of fields, such as "status.".
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
  // Never null: an empty object or array stands for what is missing.
  const Json& object(const char* name);
  const Json& array(const char* name);

  void fail(const char* name, std::string_view why);
  // What failed first: "status.runs is no list"; "" if nothing did.
  const std::string& failure() const { return failure_; }

 private:
  const Json* find(const char* name) const;

  const Json& object_;
  const std::string where_;
  std::string failure_;
};

}  // namespace quern

#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// Rules as JSON schemas have them, for the definitions of tasks. An Error is kBadConfig, and its message goes on behind
// the name of what is checked: " is 'x'; it must be text", ".name is missing", "[3] is ...". Pure functions.

namespace quern::plan {

using Json = nlohmann::ordered_json;

Error broken(std::string what);
// For messages: the value as JSON, cut where it is long.
std::string shown(const Json& value);

struct FieldRule {
  std::string_view key;
  bool is_required;
  Result<void> (*check)(const Json& value);
};
// An object with these fields, and no others.
Result<void> check_fields(const Json& object, std::span<const FieldRule> rules);

Result<void> check_text(const Json& value);
Result<void> check_text(const Json& value, bool (*is_right)(std::string_view), std::string_view expected);
Result<void> check_characters(const Json& value, std::size_t least, std::size_t most);
Result<void> check_word(const Json& value, std::span<const std::string> words);
Result<void> check_number(const Json& value, std::int64_t least, std::int64_t most);
Result<void> check_flag(const Json& value);
Result<void> check_time(const Json& value);

Result<void> check_each(const Json& value, Result<void> (*check)(const Json& item));
// Texts of which none is there twice.
Result<void> check_set(const Json& value, std::size_t most, Result<void> (*check)(const Json& item));
// An object with any keys.
Result<void> check_values(const Json& value, Result<void> (*check)(const Json& value));

}  // namespace quern::plan

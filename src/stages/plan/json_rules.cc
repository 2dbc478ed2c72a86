#include "stages/plan/json_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "model/nearest.h"
#include "model/utc_time.h"
#include "stages/plan/patterns.h"

namespace quern::plan {
namespace {

constexpr std::size_t kShownBytes = 60;

Result<void> check_kind(const Json& value, bool is_right, std::string_view kind) {
  if (is_right) return {};
  return broken(fmt::format(" is {}; it must be {}", shown(value), kind));
}

Error within(std::string_view name, Error error) {
  error.message.insert(0, name);
  return error;
}

const std::string& text(const Json& value) { return value.get_ref<const std::string&>(); }

}  // namespace

Error broken(std::string what) { return bad_config(std::move(what)); }

std::string shown(const Json& value) {
  std::string json = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return json.size() <= kShownBytes ? json : json.substr(0, kShownBytes) + "...";
}

Result<void> check_fields(const Json& object, std::span<const FieldRule> rules) {
  TRY(check_kind(object, object.is_object(), "an object"));
  std::vector<std::string> keys;
  for (const FieldRule& rule : rules) {
    keys.emplace_back(rule.key);
    auto found = object.find(rule.key);
    if (found == object.end() && rule.is_required) return broken(fmt::format(".{} is missing", rule.key));
    if (found == object.end()) continue;
    auto checked = rule.check(*found);
    if (!checked.ok()) return within(fmt::format(".{}", rule.key), std::move(checked).error());
  }
  for (const auto& [key, value] : object.items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::optional<std::string> meant = nearest(key, keys);
    return broken(fmt::format(".{} is not known there{}", key,
                              meant.has_value() ? fmt::format("; is {} meant?", *meant) : std::string()));
  }
  return {};
}

Result<void> check_text(const Json& value) { return check_kind(value, value.is_string(), "text"); }

Result<void> check_text(const Json& value, bool (*is_right)(std::string_view), std::string_view expected) {
  TRY(check_text(value));
  return check_kind(value, is_right(text(value)), expected);
}

Result<void> check_characters(const Json& value, std::size_t least, std::size_t most) {
  TRY(check_text(value));
  std::size_t count = characters(text(value));
  if (count >= least && count <= most) return {};
  return broken(fmt::format(" has {} characters; it must have {} to {}", count, least, most));
}

Result<void> check_word(const Json& value, std::span<const std::string> words) {
  TRY(check_text(value));
  return check_kind(value, std::find(words.begin(), words.end(), text(value)) != words.end(), one_of(words));
}

Result<void> check_number(const Json& value, std::int64_t least, std::int64_t most) {
  bool is_right = value.is_number_integer() && value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
  return check_kind(value, is_right, fmt::format("a whole number from {} to {}", least, most));
}

Result<void> check_flag(const Json& value) { return check_kind(value, value.is_boolean(), "true or false"); }

Result<void> check_time(const Json& value) {
  TRY(check_text(value));
  return check_kind(value, parse_utc(text(value)).has_value(), "a time such as 2026-01-31T12:00:00Z");
}

Result<void> check_each(const Json& value, Result<void> (*check)(const Json& item)) {
  TRY(check_kind(value, value.is_array(), "a list"));
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto checked = check(value[i]);
    if (!checked.ok()) return within(fmt::format("[{}]", i), std::move(checked).error());
  }
  return {};
}

Result<void> check_set(const Json& value, std::size_t most, Result<void> (*check)(const Json& item)) {
  TRY(check_each(value, check));
  if (value.size() > most) {
    return broken(fmt::format(" has {} entries; Taskcluster takes {} at most", value.size(), most));
  }
  std::set<std::string_view> known;
  for (const Json& item : value) {
    if (!known.insert(text(item)).second) return broken(fmt::format(" has {} twice", shown(item)));
  }
  return {};
}

Result<void> check_values(const Json& value, Result<void> (*check)(const Json& value)) {
  TRY(check_kind(value, value.is_object(), "an object"));
  for (const auto& [key, entry] : value.items()) {
    auto checked = check(entry);
    if (!checked.ok()) return within("." + key, std::move(checked).error());
  }
  return {};
}

}  // namespace quern::plan

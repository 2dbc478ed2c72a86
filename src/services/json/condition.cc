#include "services/json/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <tuple>

#include "services/json/value_text.h"

namespace quern::json {
namespace {

using Json = nlohmann::ordered_json;

Error wrong(const std::string& path, std::string_view why) {
  return bad_config(fmt::format("where: {} {}", path, why));
}

Result<Scalar> scalar_of(const std::string& path, const Json& json) {
  using Kind = Scalar::Kind;
  if (json.is_null()) return Scalar{.kind = Kind::kNull};
  if (json.is_boolean()) return Scalar{.kind = json.get<bool>() ? Kind::kTrue : Kind::kFalse};
  if (json.is_number()) return Scalar{.kind = Kind::kNumber, .number = parse_number(json.dump())};
  if (json.is_string()) return Scalar{.kind = Kind::kString, .string = json.get<std::string>()};
  return wrong(path, "is compared with a list or a map; it must be text, a number, true, false or null");
}

Result<std::optional<Scalar>> bound_of(const std::string& path, const Json& range, const char* name) {
  auto found = range.find(name);
  if (found == range.end()) return std::optional<Scalar>();
  TRY_ASSIGN(Scalar bound, scalar_of(path, *found));
  if (bound.kind != Scalar::Kind::kNumber && bound.kind != Scalar::Kind::kString) {
    return wrong(path, "has a min or max that is neither a number nor text");
  }
  return std::optional<Scalar>(std::move(bound));
}

Result<void> read_range(const std::string& path, const Json& range, Condition& condition) {
  TRY_ASSIGN(condition.least, bound_of(path, range, "min"));
  TRY_ASSIGN(condition.most, bound_of(path, range, "max"));
  if (!condition.least.has_value() && !condition.most.has_value()) return wrong(path, "has neither min nor max");
  bool are_two = condition.least.has_value() && condition.most.has_value();
  if (are_two && condition.least->kind != condition.most->kind) {
    return wrong(path,
                 "has a number and text as min and max, and no value lies between them; put both in quotes, or none");
  }
  return {};
}

Result<Condition> condition_of(const std::string& path, const Json& wanted) {
  Condition condition;
  auto parsed = parse_path(path);
  if (!parsed.ok()) return std::move(parsed).error().with_context("where");
  condition.path = std::move(parsed).value();
  if (wanted.is_object()) {
    TRY(read_range(path, wanted, condition));
    return condition;
  }
  if (!wanted.is_array()) {
    TRY_ASSIGN(Scalar only, scalar_of(path, wanted));
    condition.allowed.push_back(std::move(only));
    return condition;
  }
  for (const Json& item : wanted) {
    TRY_ASSIGN(Scalar value, scalar_of(path, item));
    condition.allowed.push_back(std::move(value));
  }
  return condition;
}

Scalar::Kind kind_of(char first) {
  using Kind = Scalar::Kind;
  switch (first) {
    case 'n':
      return Kind::kNull;
    case 't':
      return Kind::kTrue;
    case 'f':
      return Kind::kFalse;
    case '"':
      return Kind::kString;
    default:
      return Kind::kNumber;
  }
}

// The string that `raw` means; in `scratch` if it has escapes.
std::string_view string_of(std::string_view raw, std::string& scratch) {
  std::string_view inside = raw.substr(1, raw.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  scratch.clear();
  append_unescaped(inside, scratch);
  return scratch;
}

bool number_matches(const Condition& condition, const Number& number) {
  auto is_number = [](const Scalar& scalar) { return scalar.kind == Scalar::Kind::kNumber; };
  for (const Scalar& allowed : condition.allowed) {
    if (is_number(allowed) && compare(number, allowed.number) == 0) return true;
  }
  const auto& [least, most] = std::tie(condition.least, condition.most);
  if (!least.has_value() && !most.has_value()) return false;
  if (least.has_value() && (!is_number(*least) || compare(number, least->number) < 0)) return false;
  return !most.has_value() || (is_number(*most) && compare(number, most->number) <= 0);
}

bool string_matches(const Condition& condition, std::string_view string) {
  auto is_string = [](const Scalar& scalar) { return scalar.kind == Scalar::Kind::kString; };
  for (const Scalar& allowed : condition.allowed) {
    if (is_string(allowed) && allowed.string == string) return true;
  }
  const auto& [least, most] = std::tie(condition.least, condition.most);
  if (!least.has_value() && !most.has_value()) return false;
  if (least.has_value() && (!is_string(*least) || string < least->string)) return false;
  return !most.has_value() || (is_string(*most) && string <= most->string);
}

}  // namespace

Number parse_number(std::string_view text) {
  Number number;
  const char* end = text.data() + text.size();
  number.is_negative = text.starts_with('-');
  const char* digits = text.data() + (number.is_negative ? 1 : 0);
  auto [stop, status] = std::from_chars(digits, end, number.magnitude);
  number.is_integer = status == std::errc{} && stop == end;
  if (number.magnitude == 0) number.is_negative = false;
  // Out of range, the value stays at infinity or at zero, whichever is near.
  auto parsed = std::from_chars(text.data(), end, number.value);
  if (parsed.ec == std::errc::result_out_of_range) number.value = std::strtod(std::string(text).c_str(), nullptr);
  return number;
}

int compare(const Number& left, const Number& right) {
  if (left.is_integer && right.is_integer) {
    if (left.is_negative != right.is_negative) return left.is_negative ? -1 : 1;
    int order = left.magnitude < right.magnitude ? -1 : left.magnitude > right.magnitude ? 1 : 0;
    return left.is_negative ? -order : order;
  }
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
}

Result<std::vector<Condition>> parse_conditions(std::string_view where_json) {
  Json where = Json::parse(where_json, nullptr, false);
  if (!where.is_object()) {
    return bad_config("where is not a map of paths and conditions");
  }
  std::vector<Condition> conditions;
  for (const auto& [path, wanted] : where.items()) {
    TRY_ASSIGN(Condition condition, condition_of(path, wanted));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

bool matches(const Condition& condition, std::string_view raw, std::string& scratch) {
  if (raw.front() == '{' || raw.front() == '[') return false;
  Scalar::Kind kind = kind_of(raw.front());
  if (kind == Scalar::Kind::kNumber) return number_matches(condition, parse_number(raw));
  if (kind == Scalar::Kind::kString) return string_matches(condition, string_of(raw, scratch));
  return std::any_of(condition.allowed.begin(), condition.allowed.end(),
                     [&](const Scalar& allowed) { return allowed.kind == kind; });
}

bool all_hold(const std::vector<Condition>& conditions, const std::vector<Capture>& captures, std::string& scratch) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    auto is_it = [&](const Capture& capture) {
      return capture.number == i && matches(conditions[i], capture.text, scratch);
    };
    if (!std::any_of(captures.begin(), captures.end(), is_it)) return false;
  }
  return true;
}

}  // namespace quern::json

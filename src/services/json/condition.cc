#include "services/json/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "services/json/value_text.h"

namespace quern::json {
namespace {

using Json = nlohmann::ordered_json;

Error wrong(const std::string& path, std::string_view why) {
  return bad_config(fmt::format("where: {} {}", path, why));
}

constexpr const char* kNumberMark = "number";

// The JSON library rounds long numbers and refuses 1e400, so each number is replaced by a map with its text.
std::string with_numbers_as_text(std::string_view json) {
  std::string text;
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    bool is_number = !is_in_string && (json[i] == '-' || (json[i] >= '0' && json[i] <= '9'));
    if (is_number) {
      std::size_t end = std::min(json.find_first_not_of("0123456789+-.eE", i), json.size());
      text += fmt::format(R"({{"{}":"{}"}})", kNumberMark, json.substr(i, end - i));
      i = end - 1;
      continue;
    }
    text += json[i];
    if (json[i] == '"') is_in_string = !is_in_string;
    if (is_in_string && json[i] == '\\' && i + 1 < json.size()) text += json[++i];
  }
  return text;
}

bool is_number(const Json& json) {
  return json.is_object() && json.size() == 1 && json.contains(kNumberMark) && json.front().is_string();
}

Result<Scalar> scalar_of(const std::string& path, const Json& json) {
  using Kind = Scalar::Kind;
  if (json.is_null()) return Scalar{.kind = Kind::kNull};
  if (json.is_boolean()) return Scalar{.kind = json.get<bool>() ? Kind::kTrue : Kind::kFalse};
  if (is_number(json)) {
    const auto& text = json.front().get_ref<const std::string&>();
    return Scalar{.kind = Kind::kNumber, .text = text, .nearest = parse_number(text).floating};
  }
  if (json.is_string()) return Scalar{.kind = Kind::kString, .text = json.get<std::string>()};
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
  const bool are_numbers = are_two && condition.least->kind == Scalar::Kind::kNumber;
  const bool are_swapped = are_numbers ? compare(condition.least->number(), condition.most->number()) > 0
                                       : are_two && condition.least->text > condition.most->text;
  if (are_swapped) return wrong(path, "has a min above its max, and no value lies between them");
  return {};
}

Result<Condition> condition_of(const std::string& path, const Json& wanted) {
  Condition condition;
  auto parsed = parse_path(path);
  if (!parsed.ok()) return std::move(parsed).error().with_context("where");
  condition.path = std::move(parsed).value();
  condition.written = path;
  if (wanted.is_object() && !is_number(wanted)) {
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

// Returns the string that `raw` represents; uses `scratch` if it has escapes.
std::string_view string_of(std::string_view raw, std::string& scratch) {
  std::string_view inside = raw.substr(1, raw.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  scratch.clear();
  append_unescaped(inside, scratch);
  return scratch;
}

bool number_matches(const Condition& condition, const WrittenNumber& number) {
  auto is_a_number = [](const Scalar& scalar) { return scalar.kind == Scalar::Kind::kNumber; };
  for (const Scalar& allowed : condition.allowed) {
    if (is_a_number(allowed) && compare(number, allowed.number()) == 0) return true;
  }
  const auto& [least, most] = std::tie(condition.least, condition.most);
  if (!least.has_value() && !most.has_value()) return false;
  if (least.has_value() && (!is_a_number(*least) || compare(number, least->number()) < 0)) return false;
  return !most.has_value() || (is_a_number(*most) && compare(number, most->number()) <= 0);
}

bool string_matches(const Condition& condition, std::string_view string) {
  auto is_string = [](const Scalar& scalar) { return scalar.kind == Scalar::Kind::kString; };
  for (const Scalar& allowed : condition.allowed) {
    if (is_string(allowed) && allowed.text == string) return true;
  }
  const auto& [least, most] = std::tie(condition.least, condition.most);
  if (!least.has_value() && !most.has_value()) return false;
  if (least.has_value() && (!is_string(*least) || string < least->text)) return false;
  return !most.has_value() || (is_string(*most) && string <= most->text);
}

}  // namespace

Result<std::vector<Condition>> parse_conditions(std::string_view where_json) {
  Json where = Json::parse(with_numbers_as_text(where_json), nullptr, false);
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
  if (kind == Scalar::Kind::kNumber)
    return number_matches(condition, {.nearest = parse_number(raw).floating, .text = raw});
  if (kind == Scalar::Kind::kString) {
    const std::string_view string = string_of(raw, scratch);
    if (string_matches(condition, string)) return true;
    const Number number = condition.reads_numbers ? parse_number(string) : Number();
    const bool is_ordered = number.kind != Number::Kind::kNone && !std::isnan(number.floating);
    return is_ordered && number_matches(condition, {.nearest = number.floating, .text = string});
  }
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

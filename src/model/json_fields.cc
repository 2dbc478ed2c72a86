#include "model/json_fields.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/limits.h"

namespace quern {
namespace {

// Writing a deeply nested value recurses and would overflow the stack.
bool is_nested_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limits::kMaxAnswerDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

bool is_beyond_signed(const Json& number) {
  return number.is_number_unsigned() &&
         number.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  if (is_nested_too_deep(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string dump_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

JsonFields::JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (object.is_object()) return;
  failure_ = where_.empty() ? "it" : where_.substr(0, where_.size() - 1);  // without its last dot
  failure_ += " is not a JSON object";
}

const Json* JsonFields::find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  auto found = object_.find(name);
  // Services write null for unknown values.
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string JsonFields::text(const char* name) {
  if (find(name) == nullptr) fail(name, "is missing");
  return text_or_none(name);
}

std::string JsonFields::text_or_none(const char* name) {
  const Json* found = find(name);
  if (found == nullptr) return "";
  if (found->is_string()) return found->get<std::string>();
  fail(name, "is not a string");
  return "";
}

UtcTime JsonFields::time(const char* name) {
  if (find(name) == nullptr) fail(name, "is missing");
  return time_or_none(name).value_or(UtcTime());
}

std::optional<UtcTime> JsonFields::time_or_none(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  auto time = parse_utc_exactly(text_or_none(name));
  if (!time.has_value()) fail(name, "is not a timestamp");
  return time;
}

std::uint64_t JsonFields::number(const char* name) {
  if (find(name) == nullptr) fail(name, "is missing");
  return number_or_none(name).value_or(0);
}

std::optional<std::uint64_t> JsonFields::number_or_none(const char* name) {
  const Json* found = find(name);
  if (found == nullptr) return std::nullopt;
  bool is_negative = found->is_number_integer() && !found->is_number_unsigned() && found->get<std::int64_t>() < 0;
  if (found->is_number_integer() && !is_negative) return found->get<std::uint64_t>();
  fail(name, "is not a whole number from 0 on");
  return std::nullopt;
}

std::int64_t JsonFields::signed_number(const char* name) {
  const Json* found = find(name);
  if (found != nullptr && found->is_number_integer() && !is_beyond_signed(*found)) return found->get<std::int64_t>();
  fail(name, found == nullptr ? "is missing" : "is not a whole number");
  return 0;
}

double JsonFields::real_number(const char* name) {
  const Json* found = find(name);
  if (found != nullptr && found->is_number()) return found->get<double>();
  fail(name, found == nullptr ? "is missing" : "is not a number");
  return 0;
}

std::vector<std::string> JsonFields::texts_or_none(const char* name) {
  std::vector<std::string> texts;
  if (find(name) == nullptr) return texts;
  for (const Json& item : array(name)) {
    if (!item.is_string()) {
      fail(name, "has an item that is not a string");
      return {};
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

const Json& JsonFields::object(const char* name) {
  static const Json none = Json::object();
  const Json* found = find(name);
  if (found != nullptr && found->is_object()) return *found;
  fail(name, "is not an object");
  return none;
}

const Json& JsonFields::array(const char* name) {
  static const Json none = Json::array();
  const Json* found = find(name);
  if (found != nullptr && found->is_array()) return *found;
  fail(name, "is not a list");
  return none;
}

void JsonFields::fail(const char* name, std::string_view why) {
  if (!failure_.empty()) return;
  failure_ = where_;
  failure_.append(name).append(" ").append(why);
}

}  // namespace quern

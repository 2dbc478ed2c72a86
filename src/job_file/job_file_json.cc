#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "arithmetic/number.h"
#include "job_file/job_file_values.h"

namespace quern::job_file {
namespace {

using Json = nlohmann::ordered_json;
using Kind = YamlNode::Kind;

constexpr double kMostExactDouble = 9007199254740992;  // 2^53

// Whether `text` is a number in JSON: no leading zeros, and digits on both sides of a decimal point.
bool is_json_number(std::string_view text) {
  auto skip_digits = [&text] {
    std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  bool begins_with_zero = text.starts_with('0');
  std::size_t whole = skip_digits();
  if (whole == 0 || (begins_with_zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return skip_digits() > 0 && text.empty();
}

// The number, true, false or null that plain text represents, as JSON. Also accepts the numbers that only YAML has: +1,
// .5, 1_000.
std::optional<std::string> json_word(const YamlNode& node) {
  if (node.kind == Kind::kNothing && !node.text.empty()) return "null";
  if (node.kind != Kind::kText || node.quoted || node.text.empty()) return std::nullopt;
  if (node.text == "true" || node.text == "false") return node.text;
  std::string text = node.text[0] == '+' ? node.text.substr(1) : node.text;
  for (std::size_t i = text.find('_'); i != std::string::npos; i = text.find('_', i)) {
    bool between_digits = i > 0 && i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
                          std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    if (!between_digits) return std::nullopt;
    text.erase(i, 1);
  }
  if (text.starts_with('.')) text.insert(text.begin(), '0');
  if (!is_json_number(text)) return std::nullopt;
  // 1e3 becomes 1000. 35.0 stays unchanged, as do numbers that a double cannot represent exactly.
  double value = parse_number(text).floating;
  bool has_exponent = text.find_first_of("eE") != std::string::npos;
  bool is_whole = has_exponent && text.find_first_of(".-") == std::string::npos && value <= kMostExactDouble;
  return is_whole ? fmt::format("{}", static_cast<std::uint64_t>(value)) : text;
}

std::string quoted(const std::string& raw) {
  std::string text = Json(raw).dump(-1, ' ', false, Json::error_handler_t::replace);
  // JSON writers leave this control character unescaped, but a job file must not contain any.
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

Result<std::string> to_json(const YamlNode& node) {
  if (std::optional<std::string> word = json_word(node)) return *word;
  switch (node.kind) {
    case Kind::kNothing:
      return wrong_value("is empty");
    case Kind::kText:
      return quoted(node.text);
    case Kind::kList: {
      std::string list;
      for (const YamlNode& item : node.items) {
        TRY_ASSIGN(std::string value, to_json(item));
        list += (list.empty() ? "" : ",") + value;
      }
      return "[" + list + "]";
    }
    case Kind::kMap: {
      std::string map;
      for (const YamlEntry& entry : node.entries) {
        auto value = to_json(entry.value);
        if (!value.ok()) return wrong_value(fmt::format("has {}, which {}", entry.key, value.error().message));
        map += fmt::format("{}{}:{}", map.empty() ? "" : ",", quoted(entry.key), value.value());
      }
      return "{" + map + "}";
    }
  }
  return wrong_value("is empty");
}

Result<void> check_range(const std::string& path, const YamlNode& range) {
  if (range.entries.empty()) return wrong_value(path + ", an empty map; it must be a value, a list or {min:, max:}");
  for (const YamlEntry& entry : range.entries) {
    if (entry.key != "min" && entry.key != "max") {
      return wrong_value(
          fmt::format("{}, whose {} is neither min nor max; a path takes a value, a list of values, or min and max. "
                      "A path with several parts is written with dots, as in info.OS",
                      path, entry.key));
    }
    if (entry.value.kind != Kind::kText) {
      return wrong_value(
          fmt::format("{}, whose {} is {}; it must be a number or text", path, entry.key, kind_name(entry.value)));
    }
  }
  return {};
}

Result<void> check_condition(const YamlEntry& entry) {
  const std::string path = "has " + entry.key;
  if (entry.key.empty()) return wrong_value("has an empty path");
  switch (entry.value.kind) {
    case Kind::kNothing:
      if (entry.value.text.empty())
        return wrong_value(path + ", which is empty; it must be a value, a list or {min:, max:}");
      return {};
    case Kind::kText:
      return {};
    case Kind::kMap:
      return check_range(path, entry.value);
    case Kind::kList:
      if (entry.value.items.empty()) return wrong_value(path + ", an empty list: no record could pass");
      for (const YamlNode& item : entry.value.items) {
        bool is_value = item.kind == Kind::kText || (item.kind == Kind::kNothing && !item.text.empty());
        if (!is_value) return wrong_value(fmt::format("{}, whose list has an item that is {}", path, kind_name(item)));
      }
      return {};
  }
  return {};
}

}  // namespace

bool is_json_word(const YamlNode& node) { return json_word(node).has_value(); }

Result<std::string> json_of(const YamlNode& node) { return to_json(node); }

std::string json_without_values_of(const std::string& key, const std::string& map) {
  const Json written = Json::parse(map);
  Json json = written;
  const auto hide = [](Json& value) {
    if (!value.is_null()) value = "…";
  };
  for (const auto& [name, value] : json.items()) {
    if (name == key && value.is_structured()) std::for_each(value.begin(), value.end(), hide);
    if (name.starts_with(key + ".")) hide(value);
  }
  // What is not changed keeps its numbers as they were written.
  return json == written ? map : json.dump();
}

Result<std::string> where_json_of(const YamlNode& node) {
  if (node.kind != Kind::kMap) {
    return wrong_value(fmt::format("is {}; it must be a map such as {{info.appName: [Firefox]}}", kind_name(node)));
  }
  for (const YamlEntry& entry : node.entries) TRY(check_condition(entry));
  return to_json(node);
}

}  // namespace quern::job_file

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

#include "model/job_file_values.h"

namespace quern::job_file {
namespace {

using Json = nlohmann::ordered_json;
using Kind = YamlNode::Kind;

constexpr double kMostExactDouble = 9007199254740992;  // 2^53

// The number, true, false or null that plain text spells in JSON; in the numbers also what YAML adds: +1, .5, 1_000.
std::optional<Json> json_word(const YamlNode& node) {
  if (node.kind == Kind::kNothing && !node.text.empty()) return Json(nullptr);
  if (node.kind != Kind::kText || node.quoted || node.text.empty()) return std::nullopt;
  if (node.text == "true") return Json(true);
  if (node.text == "false") return Json(false);
  std::string text = node.text[0] == '+' ? node.text.substr(1) : node.text;
  for (std::size_t i = text.find('_'); i != std::string::npos; i = text.find('_', i)) {
    bool between_digits = i > 0 && i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
                          std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    if (!between_digits) return std::nullopt;
    text.erase(i, 1);
  }
  if (text.starts_with('.')) text.insert(text.begin(), '0');
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return std::nullopt;
  // A number that does not fit into a double is no number that a record could hold either: it stays text.
  Json number = Json::parse(text, nullptr, false);
  if (number.is_discarded()) return std::nullopt;
  // 1e3 is meant as 1000; 35.0 stays as it is.
  bool is_whole = number.is_number_float() && text.find('.') == std::string::npos &&
                  text.find('-') == std::string::npos && number.get<double>() <= kMostExactDouble;
  if (is_whole) return Json(static_cast<std::uint64_t>(number.get<double>()));
  return number;
}

Result<Json> to_json(const YamlNode& node) {
  if (std::optional<Json> word = json_word(node)) return *word;
  switch (node.kind) {
    case Kind::kNothing:
      return wrong_value("is empty");
    case Kind::kText:
      return Json(node.text);
    case Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) {
        TRY_ASSIGN(Json value, to_json(item));
        list.push_back(std::move(value));
      }
      return list;
    }
    case Kind::kMap: {
      Json map = Json::object();
      for (const YamlEntry& entry : node.entries) {
        auto value = to_json(entry.value);
        if (!value.ok()) return wrong_value(fmt::format("has {}, which {}", entry.key, value.error().message));
        map[entry.key] = std::move(value).value();
      }
      return map;
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

Result<std::string> json_of(const YamlNode& node) {
  TRY_ASSIGN(Json json, to_json(node));
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // JSON leaves this control character as it is, and a job file may hold none.
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

Result<std::string> where_json_of(const YamlNode& node) {
  if (node.kind != Kind::kMap) {
    return wrong_value(fmt::format("is {}; it must be a map such as {{info.appName: [Firefox]}}", kind_name(node)));
  }
  for (const YamlEntry& entry : node.entries) TRY(check_condition(entry));
  return json_of(node);
}

}  // namespace quern::job_file

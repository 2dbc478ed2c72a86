#include "stages/inputs/filter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace quern::inputs {

using Json = nlohmann::json;

std::vector<std::string> without_covered(std::vector<std::string> prefixes) {
  std::sort(prefixes.begin(), prefixes.end());
  std::vector<std::string> kept;
  for (std::string& prefix : prefixes) {
    if (kept.empty() || !prefix.starts_with(kept.back())) kept.push_back(std::move(prefix));
  }
  return kept;
}

// Reads a parsed Filter.json. nlohmann throws only if a value has another type, so types are checked first.
struct FilterReader {
  std::string origin;

  Error wrong(const std::string& what) const { return bad_config(origin + ": " + what); }

  Result<void> check_keys(const Json& object, const std::string& where, const std::vector<std::string>& known) const {
    for (const auto& item : object.items()) {
      if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
      std::string list;
      for (const std::string& key : known) list += (list.empty() ? "" : ", ") + key;
      return wrong(where + " has the unknown key \"" + item.key() + "\"; it may have " + list);
    }
    return {};
  }

  Result<std::optional<std::string>> bound(const Json& range, const std::string& where, const char* key) const {
    auto found = range.find(key);
    if (found == range.end()) return std::optional<std::string>();
    if (!found->is_string()) return wrong(where + ": \"" + key + "\" must be a string");
    return std::optional<std::string>(found->get<std::string>());
  }

  Result<void> read_values(const Json& allowed, const std::string& where, Filter::Dimension& dimension) const {
    if (allowed.is_string()) {
      dimension.is_any = allowed == "*";
      dimension.values = {allowed.get<std::string>()};
      return {};
    }
    if (allowed.is_array()) {
      for (const Json& value : allowed) {
        if (!value.is_string()) return wrong(where + ": the list of allowed_values may hold strings only");
        dimension.values.push_back(value.get<std::string>());
      }
      std::sort(dimension.values.begin(), dimension.values.end());
      return {};
    }
    if (!allowed.is_object()) {
      return wrong(where +
                   ": allowed_values must be \"*\", a string, a list of strings, or {\"min\": ..., \"max\": ...}");
    }
    TRY(check_keys(allowed, where + ": the range", {"min", "max"}));
    dimension.is_range = true;
    TRY_ASSIGN(dimension.min, bound(allowed, where, "min"));
    TRY_ASSIGN(dimension.max, bound(allowed, where, "max"));
    if (dimension.min.has_value() && dimension.max.has_value() && *dimension.min > *dimension.max) {
      return wrong(where + ": its min \"" + *dimension.min + "\" comes behind its max \"" + *dimension.max + "\"");
    }
    return {};
  }

  Result<Filter::Dimension> read_dimension(const Json& json, std::size_t number) const {
    std::string where = "dimension " + std::to_string(number);
    if (!json.is_object()) return wrong(where + " must be an object");
    TRY(check_keys(json, where, {"field_name", "allowed_values"}));
    auto name = json.find("field_name");
    if (name == json.end() || !name->is_string()) return wrong(where + " has no \"field_name\" that is a string");
    where += std::string(" (").append(name->get<std::string>()).append(")");
    auto allowed = json.find("allowed_values");
    if (allowed == json.end()) return wrong(where + " has no \"allowed_values\"");
    Filter::Dimension dimension;
    TRY(read_values(*allowed, where, dimension));
    return dimension;
  }

  // Returns the place where the parser stopped.
  static std::string place_of_error(std::string_view text) {
    try {
      const Json unused = Json::parse(text);
    } catch (const Json::parse_error& error) {
      std::string_view before = text.substr(0, error.byte == 0 ? 0 : error.byte - 1);
      auto line = std::count(before.begin(), before.end(), '\n') + 1;
      std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
      return "line " + std::to_string(line) + ", column " + std::to_string(column);
    }
    return "";
  }

  Result<Filter> read(std::string_view text) const {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return wrong("it is not JSON: " + place_of_error(text));
    if (!json.is_object()) return wrong("it must be an object with \"version\" and \"dimensions\"");
    TRY(check_keys(json, "it", {"version", "dimensions"}));
    auto version = json.find("version");
    if (version == json.end() || *version != 1) return wrong("its \"version\" must be 1");
    auto dimensions = json.find("dimensions");
    if (dimensions == json.end() || !dimensions->is_array()) return wrong("its \"dimensions\" must be a list");
    Filter filter;
    for (const Json& each : *dimensions) {
      TRY_ASSIGN(auto dimension, read_dimension(each, filter.dimensions_.size() + 1));
      filter.dimensions_.push_back(std::move(dimension));
    }
    filter.json_ = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return filter;
  }
};

Result<Filter> Filter::parse(std::string_view json, std::string_view origin) {
  return FilterReader{.origin = std::string(origin)}.read(json);
}

bool Filter::allows(const Dimension& dimension, std::string_view value) {
  if (dimension.is_any) return true;
  if (!dimension.is_range) return std::binary_search(dimension.values.begin(), dimension.values.end(), value);
  return (!dimension.min.has_value() || *dimension.min <= value) &&
         (!dimension.max.has_value() || value <= *dimension.max);
}

// Compares the folders first; the remaining dimensions apply to the parts of the file name. If the path has fewer parts
// than there are dimensions, the rest has no value, which only "*" accepts.
bool Filter::accepts(std::string_view path) const {
  bool is_at_end = false;
  for (const Dimension& dimension : dimensions_) {
    if (is_at_end) {
      if (!dimension.is_any) return false;
      continue;
    }
    std::size_t slash = path.find('/');
    std::size_t end = slash != std::string_view::npos ? slash : std::min(path.find('.'), path.size());
    if (!allows(dimension, path.substr(0, end))) return false;
    is_at_end = end == path.size();
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

// A part of a path ends with '/' within the folders, and with '.' within the file name.
std::vector<std::string> Filter::prefixes(std::size_t most) const {
  struct Begin {
    std::string text;
    bool is_in_name = false;
  };
  std::vector<Begin> begins = {{}};
  for (const Dimension& dimension : dimensions_) {
    if (dimension.is_any || dimension.is_range) break;
    std::vector<Begin> longer;
    for (const Begin& begin : begins) {
      const bool is_first = &dimension == dimensions_.data();
      for (std::string_view separator : {"/", "."}) {
        if (separator == "/" && begin.is_in_name) continue;
        for (const std::string& value : dimension.values) {
          std::string text = begin.text;
          if (!is_first) text += separator;
          longer.push_back({.text = text + value, .is_in_name = !is_first && separator == "."});
        }
        if (is_first) break;
      }
      if (longer.size() > most) break;
    }
    if (longer.size() > most) break;
    begins = std::move(longer);
  }
  std::vector<std::string> texts;
  for (Begin& begin : begins) texts.push_back(std::move(begin.text));
  return without_covered(std::move(texts));
}

}  // namespace quern::inputs

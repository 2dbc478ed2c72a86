#include "services/json/selection.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/nearest.h"
#include "services/json/path.h"

namespace quern::json {

Wanted wanted_of(const Selection& selection) {
  Wanted wanted{.copied = selection.fields};
  for (const Condition& condition : selection.where) wanted.captured.push_back(condition.path);
  return wanted;
}

Result<Selection> parse_selection(const std::vector<std::string>& fields, std::string_view where_json) {
  Selection selection;
  for (const std::string& field : fields) {
    auto path = parse_path(field);
    if (!path.ok()) return std::move(path).error().with_context("fields");
    selection.fields.push_back(std::move(path).value());
  }
  TRY_ASSIGN(selection.where, parse_conditions(where_json));
  return selection;
}

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPaths = 1000;  // of a record that are considered
constexpr std::size_t kMostDepth = 16;
constexpr std::size_t kMostRecordBytes = std::size_t{1} << 20;  // of a record that is examined
constexpr std::size_t kListedPaths = 8;

// Returns the name as parse_path() accepts it.
std::string path_name(const std::string& name) { return path_text({{.kind = PathStep::Kind::kName, .name = name}}); }

// Adds the paths of all parts of a record; `element` is the notation for an array's elements.
void add_paths(const Json& json, const std::string& path, std::string_view element, std::vector<std::string>& paths) {
  auto depth = static_cast<std::size_t>(std::count_if(path.begin(), path.end(), [](char c) { return c == '.'; }));
  if (paths.size() >= kMostPaths || depth >= kMostDepth) return;
  if (!path.empty()) paths.push_back(path);
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      add_paths(value, path.empty() ? path_name(name) : path + "." + path_name(name), element, paths);
    }
  } else if (json.is_array() && !json.empty()) {
    add_paths(json.front(), path + std::string(element), element, paths);
  }
}

std::string last_name(const std::string& path) {
  auto steps = parse_path(path);
  if (!steps.ok()) return path;
  for (auto step = steps.value().rbegin(); step != steps.value().rend(); ++step) {
    if (step->kind == PathStep::Kind::kName) return step->name;
  }
  return "";
}

// Returns the path that is spelled similarly, has the same name at another place, or is one of several in the same
// text.
std::optional<std::string> nearest_path(const std::string& wanted, const std::vector<std::string>& paths) {
  if (auto near = nearest(wanted, paths); near.has_value()) return near;
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(last_name(path));
  auto path_of = [&](const std::string& name) -> std::optional<std::string> {
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return paths[static_cast<std::size_t>(found - names.begin())];
  };
  for (const std::string& name : {wanted, last_name(wanted), nearest(last_name(wanted), names).value_or("")}) {
    if (auto path = path_of(name); path.has_value() && !name.empty()) return path;
  }
  for (std::size_t begin = 0; begin < wanted.size();) {
    std::size_t end = std::min(wanted.find_first_of(",;|/ ", begin), wanted.size());
    std::string word = wanted.substr(begin, end - begin);
    if (std::find(paths.begin(), paths.end(), word) != paths.end()) return word;
    begin = end + 1;
  }
  return std::nullopt;
}

void add_advice(const Json& record, WantedPath& wanted) {
  std::vector<std::string> paths;
  // A pair has one value, so the path must lead to a single element.
  add_paths(record, "", wanted.setting == "mapper.value" ? "[0]" : "[*]", paths);
  wanted.nearest = nearest_path(wanted.path, paths).value_or("");
  if (!wanted.nearest.empty()) return;
  for (std::size_t i = 0; i < std::min(paths.size(), kListedPaths); ++i) {
    wanted.first_record += (i == 0 ? "" : ", ") + paths[i];
  }
  if (paths.size() > kListedPaths) wanted.first_record += fmt::format(" and {} more", paths.size() - kListedPaths);
}

}  // namespace

PathWatch::PathWatch(std::vector<WantedPath> paths)
    : paths_(std::move(paths)), found_(paths_.size()), missing_(paths_.size()) {}

void PathWatch::look(const std::vector<Capture>& captures, const Place& place, std::string_view record) {
  for (const Capture& capture : captures) {
    bool is_new = !found_[capture.number].load(std::memory_order_relaxed) && !found_[capture.number].exchange(true);
    if (is_new) --missing_;
  }
  // Lines after the first 4 billion of an input count as one place.
  const std::uint64_t at = std::uint64_t{place.input} << 32 | std::min<std::uint64_t>(place.line, UINT32_MAX);
  if (first_place_ <= at) return;
  auto first = first_.lock();
  if (first_place_ <= at) return;
  first_place_ = at;
  *first = record.size() > kMostRecordBytes ? std::string() : std::string(record);
}

std::vector<WantedPath> PathWatch::outcome() {
  if (first_place_ == UINT64_MAX) return {};
  const std::string line = *first_.lock();
  // In a line with a key, the record follows the key.
  std::size_t start = line.starts_with('{') || line.starts_with('[') ? 0 : line.find_first_of("\t ") + 1;
  const Json record = Json::parse(line.substr(start), nullptr, false);
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    paths_[i].is_found = found_[i];
    if (!paths_[i].is_found && !record.is_discarded()) add_advice(record, paths_[i]);
  }
  return paths_;
}

}  // namespace quern::json

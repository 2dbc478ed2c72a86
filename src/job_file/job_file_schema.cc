#include "job_file/job_file_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "job_file/job_file_worker.h"

namespace quern::job_file {
namespace {

constexpr std::array<std::string_view, 3> kWorkers = {"mapper", "combiner", "reducer"};
constexpr std::array<std::string_view, 4> kOtherSections = {"result", "downloads", "limits", "notify"};
constexpr std::string_view kSteps = "steps";
constexpr std::array<std::string_view, 9> kShortKeys = {"language", "script",    "arguments",   "interface",  "env",
                                                        "ok_exit",  "per_input", "concurrency", "interpreter"};

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// A path whose last part is `word`, or close to it: a setting that belongs to another section.
std::optional<std::string> elsewhere(std::string_view word, const std::vector<std::string>& paths) {
  std::vector<std::string> words;
  words.reserve(paths.size());
  for (const std::string& path : paths) words.emplace_back(last_part(path));
  std::optional<std::string> meant = nearest(word, words);
  if (!meant.has_value()) return std::nullopt;
  return paths[static_cast<std::size_t>(std::find(words.begin(), words.end(), *meant) - words.begin())];
}

std::optional<std::string> meant_setting(std::string_view path) {
  const std::vector<std::string> paths = setting_paths();
  const std::string_view word = last_part(path);
  const std::string parent(path.substr(0, path.size() - std::min(path.size(), word.size() + 1)));
  if (is_section(parent)) {
    // limits.record is a slip of limits.records, although `record` is a setting.
    for (const std::string& sibling : children_of(parent)) {
      if (edit_distance(word, sibling) == 1) return parent + "." + sibling;
    }
  }
  for (const std::string& known : paths) {
    if (last_part(known) == word && !is_worker(known.substr(0, known.find('.')))) return known;
  }
  if (parent.empty() || is_section(parent)) {
    std::vector<std::string> siblings = children_of(parent);
    if (parent.empty()) siblings.insert(siblings.end(), kShortKeys.begin(), kShortKeys.end());
    std::optional<std::string> sibling = nearest(word, siblings);
    if (sibling.has_value()) return parent.empty() ? *sibling : parent + "." + *sibling;
  }
  if (std::optional<std::string> whole = nearest(path, paths)) return whole;
  return elsewhere(word, paths);
}

}  // namespace

std::span<const std::string_view> short_keys() { return kShortKeys; }
bool is_short_key(std::string_view key) { return contains(kShortKeys, key); }
bool is_worker(std::string_view path) { return contains(kWorkers, path); }
bool is_section(std::string_view path) { return is_worker(path) || contains(kOtherSections, path); }

std::optional<Shape> shape_of(std::string_view path) {
  if (path == kSteps) return Shape::kYaml;
  for (const SettingRow& row : setting_rows()) {
    if (row.path == path) return row.shape;
  }
  std::size_t dot = path.find('.');
  if (dot == std::string_view::npos || !is_worker(path.substr(0, dot))) return std::nullopt;
  return worker_key_shape(path.substr(dot + 1));
}

std::string free_map_of(std::string_view path) {
  for (std::string_view map : {"where", "aggregate", "taskcluster", "mapper.env", "combiner.env", "reducer.env"}) {
    if (path.size() > map.size() + 1 && path.starts_with(map) && path[map.size()] == '.') return std::string(map);
  }
  return "";
}

std::vector<std::string> setting_paths() {
  std::vector<std::string> paths;
  for (std::string_view worker : kWorkers) {
    for (std::string_view key : worker_keys()) paths.push_back(fmt::format("{}.{}", worker, key));
  }
  for (const SettingRow& row : setting_rows()) {
    // Further steps are listed after the settings about the mapper's input and output.
    if (row.path == "reducers") paths.emplace_back(kSteps);
    paths.emplace_back(row.path);
  }
  return paths;
}

std::vector<std::string> children_of(std::string_view section) {
  std::vector<std::string> children;
  for (const std::string& path : setting_paths()) {
    std::string_view rest = path;
    if (!section.empty()) {
      if (!rest.starts_with(section) || rest.size() <= section.size() || rest[section.size()] != '.') continue;
      rest.remove_prefix(section.size() + 1);
    }
    std::string child(rest.substr(0, rest.find('.')));
    if (std::find(children.begin(), children.end(), child) == children.end()) children.push_back(child);
  }
  return children;
}

Error unknown_setting(std::string_view path, std::string_view label) {
  std::string message = fmt::format("{} is not a setting", label);
  if (path.find_first_of(" :{") != std::string_view::npos) {
    message += "; a setting is written as 'key: value', with a space after the colon";
  } else if (std::string parent(path.substr(0, path.rfind('.'))); parent != path && shape_of(parent).has_value()) {
    message += fmt::format("; {} is one, and has no parts", parent);
  } else if (std::optional<std::string> meant = meant_setting(path)) {
    std::string_view prefix = label.ends_with(path) ? label.substr(0, label.size() - path.size()) : "";
    message += fmt::format("; did you mean {}{}?", prefix, *meant);
  } else {
    std::string first(path.substr(0, std::min(path.find('.'), path.size())));
    std::string section = is_section(first) ? first : "";
    message += fmt::format("; the settings {} are {}", section.empty() ? "of a job" : "of " + section,
                           fmt::join(children_of(section), ", "));
  }
  return bad_config(std::move(message));
}

}  // namespace quern::job_file

#include "job_file/job_file_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/nearest.h"
#include "base/text.h"
#include "job_file/job_file_schema.h"

namespace quern::job_file {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kPrefix = "QUERN_";

// The variables with quern's prefix that quern reads or sets but that are not settings; the prefix is left out.
constexpr std::array<std::string_view, 16> kOtherVariables = {
    "ARTIFACTS",      "ARTIFACT_PREFIX", "BUCKET", "FINAL",     "INPUT_FILE", "JOB",  "JOB_FOLDER",
    "KEY_FILE",       "MAIL_FROM",       "NODE",   "PARTITION", "PYTHON",     "ROLE", "RUN",
    "S3_CREDENTIALS", "SMTP_PASSWORD",
};

Error at(std::string_view place_name, const std::string& what) {
  return bad_config(fmt::format("{}: {}", place_name, what));
}

bool is_none(const YamlNode& node) { return node.kind == Kind::kText && node.text == "none"; }

void remove_section(Settings& settings, const std::string& section) {
  std::erase_if(settings,
                [&](const auto& entry) { return entry.first == section || entry.first.starts_with(section + "."); });
}

// Flattens one source of settings: the job file, one of its steps, a variable, or one --set.
class Flattener {
 public:
  struct Options {
    std::string_view place_name;
    std::string label_prefix;   // for steps: "steps[2]."
    bool only_workers = false;  // a step has no other settings
    bool may_replace = false;   // whether it may override other sources; a file may set each setting only once
  };
  Flattener(Options options, Settings& settings) : options_(std::move(options)), settings_(settings) {}

  Result<void> add_map(const YamlNode& map, const std::string& section) {
    for (const YamlEntry& entry : map.entries) {
      TRY(add(section.empty() ? entry.key : section + "." + entry.key, entry.value, entry.line));
    }
    return {};
  }

  Result<void> add(const std::string& written, const YamlNode& node, int line) {
    const std::string path = is_short_key(written) && !options_.only_workers ? "mapper." + written : written;
    const std::string label = options_.label_prefix + written;
    const std::string origin = place(options_.place_name, line);
    bool is_known = shape_of(path).has_value() || is_section(path) || !free_map_of(path).empty();
    bool is_possible = !options_.only_workers || is_worker(path.substr(0, path.find('.')));
    if (!is_possible) return at(origin, label + " is not possible; a step has mapper, combiner and reducer");
    if (!is_known) return at(origin, unknown_setting(path, label).message);
    if (is_section(path)) return add_section(path, label, node, line);
    if (shape_of(path).has_value()) return put(path, {node, origin, label});
    return put_into_free_map(path, node, origin);
  }

 private:
  Result<void> add_section(const std::string& path, const std::string& label, const YamlNode& node, int line) {
    const std::string origin = place(options_.place_name, line);
    if (is_worker(path)) {
      if (options_.may_replace) remove_section(settings_, path);
      if (is_none(node) && path != "mapper") return put(path, {node, origin, label});
      if (node.kind != Kind::kMap || node.entries.empty()) return at(origin, wrong_worker(path, label, node));
      return add_map(node, path);
    }
    // A section whose keys are all commented out is empty, which is not an error.
    if (node.kind == Kind::kNothing) return {};
    if (node.kind == Kind::kMap) return add_map(node, path);
    return at(origin, fmt::format("{} is {}; it must be a map of settings: {}", label, kind_name(node),
                                  fmt::join(children_of(path), ", ")));
  }

  static std::string wrong_worker(const std::string& path, const std::string& label, const YamlNode& node) {
    std::string example = path == "mapper" ? "{language: python, script: mapper.py}" : "{builtin: sum}";
    std::string none = path == "mapper" ? "" : fmt::format(", or '{}: none' for a job without one", path);
    return fmt::format("{} is {}; it must be a map such as {}{}", label,
                       node.kind == Kind::kMap ? "empty" : kind_name(node), example, none);
  }

  Result<void> put(const std::string& path, Given given) {
    auto found = settings_.find(path);
    if (found != settings_.end() && !options_.may_replace) {
      return at(given.origin, fmt::format("{} is set twice; it is first set at {}", given.label, found->second.origin));
    }
    // A part of a worker that was `none` makes it a worker again.
    if (std::string worker = path.substr(0, path.find('.')); options_.may_replace && is_worker(worker)) {
      settings_.erase(worker);
    }
    settings_[path] = std::move(given);
    return {};
  }

  // where.info.OS adds an entry to the map of `where`.
  Result<void> put_into_free_map(const std::string& path, const YamlNode& node, const std::string& origin) {
    const std::string map_path = free_map_of(path);
    const std::string key = path.substr(map_path.size() + 1);
    auto [found, is_new] = settings_.try_emplace(map_path, Given{{.kind = Kind::kMap}, origin, map_path});
    YamlNode& map = found->second.node;
    if (!is_new && map.kind != Kind::kMap) return at(origin, fmt::format("{} is not a map before", map_path));
    auto old =
        std::find_if(map.entries.begin(), map.entries.end(), [&](const YamlEntry& one) { return one.key == key; });
    if (old != map.entries.end() && !options_.may_replace) return at(origin, fmt::format("{} is set twice", path));
    if (old != map.entries.end()) {
      old->value = node;
    } else {
      map.entries.push_back({key, node.line, node});
    }
    found->second.origin = origin;
    return {};
  }

  const Options options_;
  Settings& settings_;
};

bool is_wrapped(std::string_view text, char open, char close) {
  return text.size() >= 2 && text.front() == open && text.back() == close;
}

// Parses the text of a variable or of --set according to the shape of the setting.
Result<YamlNode> overlay_node(const std::string& path, std::string_view text, std::string_view place_name) {
  std::optional<Shape> shape = shape_of(path);
  std::string_view bare = trimmed(text, " ");
  bool is_quoted = is_wrapped(bare, '"', '"') || is_wrapped(bare, '\'', '\'');
  bool is_list = is_wrapped(bare, '[', ']');
  bool as_yaml = !shape.has_value() || *shape == Shape::kYaml || (*shape == Shape::kList && is_list) || is_quoted;
  if (as_yaml && !bare.empty()) return parse_yaml({.text = bare, .name = place_name, .has_lines = false});
  YamlNode node;
  node.kind = shape == Shape::kList && bare.empty() ? Kind::kList : Kind::kText;
  node.text = std::string(text);
  return node;
}

Result<void> add_overlay(const std::string& path, std::string_view text, std::string_view place_name,
                         Settings& settings) {
  TRY_ASSIGN(YamlNode node, overlay_node(path, text, place_name));
  Flattener flattener({.place_name = place_name, .may_replace = true}, settings);
  return flattener.add(path, node, 0);
}

struct EnvironmentSetting {
  std::string path;
  std::string variable;
  std::string_view text;
};

// All settings that variables can set.
std::vector<std::string> paths_of_environment() {
  std::vector<std::string> paths = {"mapper", "combiner", "reducer", "limits", "downloads", "notify", "result"};
  std::vector<std::string> leaves = setting_paths();
  paths.insert(paths.end(), leaves.begin(), leaves.end());
  for (std::string_view key : short_keys()) paths.emplace_back(key);
  return paths;
}

// A misspelled variable would silently have no effect. A variable that is not close to a setting belongs to another
// program.
Result<void> refuse_slips(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> known(kOtherVariables.begin(), kOtherVariables.end());
  for (const std::string& path : paths_of_environment()) known.push_back(variable_of(path).substr(kPrefix.size()));
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::string name = variable.substr(kPrefix.size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (auto meant = nearest(name, known); meant.has_value()) {
      return bad_config(
          fmt::format("the environment has {}, which sets nothing; did you mean {}{}?", variable, kPrefix, *meant));
    }
  }
  return {};
}

std::vector<EnvironmentSetting> set_by_environment(const std::map<std::string, std::string>& environment) {
  std::vector<EnvironmentSetting> found;
  for (std::string& path : paths_of_environment()) {
    auto entry = environment.find(variable_of(path));
    if (entry == environment.end() || entry->second.empty()) continue;
    found.push_back({.path = std::move(path), .variable = entry->first, .text = entry->second});
  }
  return found;
}

Result<void> refuse_mixed_forms(const YamlNode& root, std::string_view file_name) {
  auto belongs_to_mapper = [](const YamlEntry& entry) {
    return entry.key == "mapper" || entry.key.starts_with("mapper.");
  };
  auto full = std::find_if(root.entries.begin(), root.entries.end(), belongs_to_mapper);
  for (const YamlEntry& entry : root.entries) {
    if (!is_short_key(entry.key) || full == root.entries.end()) continue;
    return at(place(file_name, entry.line),
              fmt::format("{} is next to mapper, which line {} sets; move it into mapper", entry.key, full->line));
  }
  return {};
}

}  // namespace

Result<FileSettings> settings_of_file(const YamlNode& root, std::string_view file_name) {
  if (root.kind == Kind::kNothing && root.text.empty()) {
    return at(file_name, "is empty; the least that it needs is 'language: python' and 'script: mapper.py'");
  }
  if (root.kind != Kind::kMap) {
    return at(file_name,
              fmt::format("is {}; a job file is a map of settings, each on a line of its own as 'key: value', "
                          "with a space after the colon",
                          kind_name(root)));
  }
  TRY(refuse_mixed_forms(root, file_name));
  FileSettings result;
  Flattener flattener({.place_name = file_name}, result.settings);
  TRY(flattener.add_map(root, ""));
  result.is_short = std::any_of(root.entries.begin(), root.entries.end(), [](const YamlEntry& entry) {
    return entry.key == "language" || entry.key == "script";
  });
  return result;
}

Result<Settings> settings_of_step(const YamlNode& step, std::string_view place_name, const std::string& label_prefix) {
  Settings settings;
  Flattener flattener({.place_name = place_name, .label_prefix = label_prefix, .only_workers = true}, settings);
  TRY(flattener.add_map(step, ""));
  return settings;
}

Result<void> add_environment(const std::map<std::string, std::string>& environment, Settings& settings) {
  TRY(refuse_slips(environment));
  for (const EnvironmentSetting& set : set_by_environment(environment)) {
    TRY(add_overlay(set.path, set.text, set.variable, settings));
  }
  return {};
}

Result<void> add_argument(std::string_view argument, const std::map<std::string, std::string>& options,
                          Settings& settings) {
  std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || trimmed(argument.substr(0, equals), " ").empty()) {
    return at("--set", fmt::format("'{}' is not KEY=VALUE; write it as in --set limits.memory=2GiB", argument));
  }
  const std::string path(trimmed(argument.substr(0, equals), " "));
  const auto option = options.find(path);
  return add_overlay(path, argument.substr(equals + 1), option == options.end() ? "--set" : option->second, settings);
}

std::string variable_of(std::string_view path) {
  std::string variable(kPrefix);
  for (char letter : path) {
    variable += letter == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return variable;
}

}  // namespace quern::job_file

namespace quern {

std::vector<std::string> settings_of_environment(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> arguments;
  for (const auto& set : job_file::set_by_environment(environment)) {
    arguments.push_back(fmt::format("{}={}", set.path, set.text));
  }
  return arguments;
}

}  // namespace quern

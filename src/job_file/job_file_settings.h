#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file.h"
#include "job_file/job_file_yaml.h"

// Everything specified about a job, by path ("limits.memory"): from the job file, then the environment, then --set,
// where later sources override earlier ones.

namespace quern::job_file {

struct Given {
  YamlNode node;
  std::string origin;  // "analysis-tools.yml:12", "QUERN_LIMITS_MEMORY", "--set"
  std::string label;   // the key as the user wrote it: "script" in the short form, otherwise the path
};

using Settings = std::map<std::string, Given>;

// How the text of an environment variable or of --set is read.
enum class Shape {
  kText,  // unchanged, except that quotes around the whole text are removed
  kList,  // [a, b] as YAML; anything else is a list with one item
  kYaml,  // as YAML
};

// Returns a setting's shape, or nullopt if there is no such setting. Sections such as "limits" and "mapper" are not
// settings.
std::optional<Shape> shape_of(std::string_view path);
bool is_section(std::string_view path);
// Whether the path is mapper, combiner or reducer.
bool is_worker(std::string_view path);
// For a path into a map that accepts any key, such as "where.info.OS", returns the map: "where". Otherwise "".
std::string free_map_of(std::string_view path);
// Returns the paths of all settings, in the order of docs/job-file.md.
std::vector<std::string> setting_paths();
// Whether a key is one of the short form (language, script, ...), which stands for the mapper's key of the same name.
bool is_short_key(std::string_view key);

// Returns kBadConfig: "limits.memmory is not a setting; did you mean limits.memory?"; `label` is the path as written.
Error unknown_setting(std::string_view path, std::string_view label);

struct FileSettings {
  Settings settings;
  bool is_short = false;  // language and script are at the top level
};
// Flattens the tree of a job file.
Result<FileSettings> settings_of_file(const YamlNode& root, std::string_view file_name);
// Flattens one entry of `steps:`; paths are as in the file ("mapper.script"), labels begin with `label_prefix`.
Result<Settings> settings_of_step(const YamlNode& step, std::string_view place_name, const std::string& label_prefix);

// Adds QUERN_LIMITS_MEMORY and so on, overriding existing settings. Ignores empty variables. A variable that resembles
// a setting's is an error; any other variable that begins with QUERN_ is ignored.
Result<void> add_environment(const std::map<std::string, std::string>& environment, Settings& settings);
// Adds key=value, overriding an existing setting. Its origin is --set, or the option that the key has in `options`.
Result<void> add_argument(std::string_view argument, const std::map<std::string, std::string>& options,
                          Settings& settings);

// Returns the environment variable of a setting: QUERN_LIMITS_MEMORY for limits.memory.
std::string variable_of(std::string_view path);

}  // namespace quern::job_file

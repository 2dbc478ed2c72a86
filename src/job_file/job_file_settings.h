#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file.h"
#include "job_file/job_file_yaml.h"

// All that is given about a job, by path ("limits.memory"), whoever gave it: the job file, then the environment, then
// --set, each over the ones before.

namespace quern::job_file {

struct Given {
  YamlNode node;
  std::string origin;  // "analysis-tools.yml:12", "QUERN_LIMITS_MEMORY", "--set"
  std::string label;   // the key as its user wrote it: "script" in the short form, else the path
};

using Settings = std::map<std::string, Given>;

// How the text of an environment variable or of --set is read.
enum class Shape {
  kText,  // as it stands, but quotes around all of it are taken off
  kList,  // [a, b] as YAML; anything else is a list of one
  kYaml,  // as YAML
};

// A setting's shape; none if there is no such setting. Sections such as "limits" and "mapper" are no settings.
std::optional<Shape> shape_of(std::string_view path);
bool is_section(std::string_view path);
// mapper, combiner or reducer.
bool is_worker(std::string_view path);
// For "where.info.OS", a path that reaches into a map which takes any key: "where". Else "".
std::string free_map_of(std::string_view path);
// Every setting, in the order of docs/job-file.md.
std::vector<std::string> setting_paths();
// A key of the short form (language, script, ...) stands for the one of the mapper.
bool is_short_key(std::string_view key);

// kBadConfig: "limits.memmory is not a setting; did you mean limits.memory?"; `label` is the path as written.
Error unknown_setting(std::string_view path, std::string_view label);

struct FileSettings {
  Settings settings;
  bool is_short = false;  // language and script stand at the top
};
// Takes the tree of a job file apart.
Result<FileSettings> settings_of_file(const YamlNode& root, std::string_view file_name);
// Takes one entry of `steps:` apart; paths as in the file ("mapper.script"), labels begin with `label_prefix`.
Result<Settings> settings_of_step(const YamlNode& step, std::string_view place_name, const std::string& label_prefix);

// QUERN_LIMITS_MEMORY and so on, over what is there. Empty variables are left alone; one that is nearly that of a
// setting is an error, and what else begins with QUERN_ is not ours.
Result<void> add_environment(const std::map<std::string, std::string>& environment, Settings& settings);
// key=value, over what is there.
Result<void> add_argument(std::string_view argument, Settings& settings);

// The environment variable of a setting: QUERN_LIMITS_MEMORY of limits.memory.
std::string variable_of(std::string_view path);

}  // namespace quern::job_file

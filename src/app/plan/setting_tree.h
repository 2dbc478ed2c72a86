#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_yaml.h"

namespace quern::plan {

// Flattens the `taskcluster:` map of a job, given as JSON: "load.bytes" and "env.TZ", whether they were written as a
// nested map or with a dot; in order. A number is unquoted text. Fails with kBadConfig, with a message that begins with
// the path, if load, env or image is not a map.
using SettingTree = std::vector<std::pair<std::string, job_file::YamlNode>>;
Result<SettingTree> setting_tree(std::string_view json);

}  // namespace quern::plan

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_yaml.h"

namespace quern::plan {

// The `taskcluster:` map of a job, as JSON, taken apart: "load.bytes" and "env.TZ", whether they were written in a map
// of their own or with a dot; in their order. A number is unquoted text. kBadConfig, with a message that begins with
// the path: load, env or image is no map.
using SettingTree = std::vector<std::pair<std::string, job_file::YamlNode>>;
Result<SettingTree> setting_tree(std::string_view json);

}  // namespace quern::plan

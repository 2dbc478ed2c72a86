#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_settings.h"
#include "job_file/job_file_yaml.h"
#include "model/job.h"

// The table of settings. Those of mapper, combiner and reducer are in job_file_worker.h.

namespace quern::job_file {

struct SettingRow {
  std::string_view path;
  Shape shape = Shape::kText;
  // Reads the value into the job; error messages continue after the key, as in job_file_values.h.
  Result<void> (*read)(const YamlNode& node, Job& job) = nullptr;
  // Returns the job's value as YAML that `read` accepts; "" if the job does not set it.
  std::string (*show)(const Job& job) = nullptr;
  // Returns the words that it accepts; null if it accepts any text or number.
  std::vector<std::string> (*words)() = nullptr;
};

// In the order of docs/job-file.md; does not include `steps`.
std::span<const SettingRow> setting_rows();

// language, script and the other keys that the short form allows at the top level of a job file.
std::span<const std::string_view> short_keys();

// The keys of one section, or of the top level for "".
std::vector<std::string> children_of(std::string_view section);

}  // namespace quern::job_file

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_settings.h"
#include "job_file/job_file_yaml.h"
#include "model/job.h"

// Which settings there are. Those of mapper, combiner and reducer are in job_file_worker.h.

namespace quern::job_file {

struct SettingRow {
  std::string_view path;
  Shape shape = Shape::kText;
  // Reads the value into the job; errors go on after the key, as in job_file_values.h.
  Result<void> (*read)(const YamlNode& node, Job& job) = nullptr;
  // The job's value as YAML that `read` takes back; "" where the job does not set it.
  std::string (*show)(const Job& job) = nullptr;
  // The words that it takes; null where it takes any text or number.
  std::vector<std::string> (*words)() = nullptr;
};

// In the order of docs/job-file.md; `steps` is not among them.
std::span<const SettingRow> setting_rows();

// language, script and the other keys that may stand at the top of a job file of the short form.
std::span<const std::string_view> short_keys();

// The keys of one section, or of the top for "".
std::vector<std::string> children_of(std::string_view section);

}  // namespace quern::job_file

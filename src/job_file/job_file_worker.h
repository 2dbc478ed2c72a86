#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file.h"
#include "job_file/job_file_settings.h"
#include "model/job.h"

// Builds the mapper, combiner and reducer of a job file, and its further steps.

namespace quern::job_file {

// The keys of a worker, in the order of docs/job-file.md.
std::span<const std::string_view> worker_keys();
std::optional<Shape> worker_key_shape(std::string_view key);
// Returns the words that a key accepts in the section mapper, combiner or reducer; empty if it accepts any text.
std::vector<std::string> worker_words(std::string_view section, std::string_view key);

// The place in messages for problems of a worker that do not belong to a single setting.
struct WorkerPlace {
  std::string section;  // "mapper"
  std::string label;    // "mapper", "steps[2].mapper"; "" in the short form
  std::string file_name;
};

// Builds the worker that the settings below `where.section` describe.
Result<Worker> build_worker(const WorkerPlace& where, const Settings& settings);

// Mapper, combiner and reducer of one step; combiner and reducer are absent if they are not set or are `none`.
struct StepPlace {
  std::string label_prefix;  // "", "steps[2]."
  std::string file_name;
  bool is_short = false;
};
Result<Step> build_step(const StepPlace& where, const Settings& settings);

// Builds the steps of `steps:`.
Result<std::vector<Step>> build_further_steps(const Given& steps);

// Writes a path as YAML that mapper.value reads as a path, and not as a constant.
std::string show_path(const std::string& path);

// Each setting of the worker as YAML, by key. An absent worker is one entry with the key "" and the value none.
struct ShownKey {
  std::string key;
  std::string value;
};
std::vector<ShownKey> show_worker(const std::optional<Worker>& worker);
// Writes `steps` as YAML on one line.
std::string show_steps(std::span<const Step> steps);

}  // namespace quern::job_file

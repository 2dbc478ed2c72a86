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

// The mapper, combiner and reducer of a job file, and the further steps.

namespace quern::job_file {

// The keys of a worker, in the order of docs/job-file.md.
std::span<const std::string_view> worker_keys();
std::optional<Shape> worker_key_shape(std::string_view key);
// The words that a key takes in a section, mapper, combiner or reducer; none where it takes any text.
std::vector<std::string> worker_words(std::string_view section, std::string_view key);

// Where messages put a worker's problems that belong to no single setting of it.
struct WorkerPlace {
  std::string section;  // "mapper"
  std::string label;    // "mapper", "steps[2].mapper"; in the short form ""
  std::string file_name;
};

// The worker that the settings below `where.section` describe.
Result<Worker> build_worker(const WorkerPlace& where, const Settings& settings);

// Mapper, combiner and reducer of one step; without combiner or reducer where they are not set, or `none`.
struct StepPlace {
  std::string label_prefix;  // "", "steps[2]."
  std::string file_name;
  bool is_short = false;
};
Result<Step> build_step(const StepPlace& where, const Settings& settings);

// The steps of `steps:`.
Result<std::vector<Step>> build_further_steps(const Given& steps);

// Each setting of the worker as YAML, by key; a missing worker is one entry with the key "" and the value none.
struct ShownKey {
  std::string key;
  std::string value;
};
std::vector<ShownKey> show_worker(const std::optional<Worker>& worker);
// `steps` as YAML in one line.
std::string show_steps(std::span<const Step> steps);

}  // namespace quern::job_file

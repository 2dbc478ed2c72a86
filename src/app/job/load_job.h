#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "job_file/job_file.h"
#include "model/event.h"

namespace quern::app {

// What a job file is called in a folder of its own.
inline constexpr std::array kJobFileNames = {"analysis-tools.yml", "analysis-tools.yaml"};

struct LoadedJob {
  JobFile file;
  std::string shown_path;              // of the job file, as messages name it
  std::vector<std::string> overrides;  // what was set over the job file, by the environment and then by --set
};

// Finds, reads and understands the job file: `job` is a file, or a folder that holds one of these names; none means
// the current folder, else /etc/analysis-tools.yml. Takes QUERN_ settings from the environment.
Result<LoadedJob> load_job(const std::optional<std::string>& job, const std::vector<std::string>& settings);

// A module of a job, in the order of its steps.
struct NamedModule {
  std::string place;  // as the job file has it: "steps[0].mapper"
  std::size_t step = 0;
  event::Role role = event::Role::kMapper;
  const Module& module;
};
std::vector<NamedModule> modules_of(const Job& job);

// Whether there is one in the places where it is looked for if none is named.
bool has_usual_job_file();
// Whether a job file of this name is found in its folder.
bool is_usual_name(const std::string& file_name);

// Whether `quern run` can do all that the job asks for, and whether its modules are there. kBadConfig if not.
Result<void> check_job(const Job& job);
// The part of it that looks at no modules and does not depend on who runs the job.
Result<void> check_steps(const Job& job);

}  // namespace quern::app

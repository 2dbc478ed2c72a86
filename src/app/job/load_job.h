#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "job_file/job_file.h"
#include "model/event.h"

namespace quern::app {

// The names of a job file in a folder of its own.
inline constexpr std::array kJobFileNames = {"analysis-tools.yml", "analysis-tools.yaml"};

struct LoadedJob {
  JobFile file;
  std::string shown_path;  // of the job file, as messages show it
  // Settings that replace those of the job file: from the environment, then from --set.
  std::vector<std::string> overrides;
};

// Finds, reads and parses the job file. `job` is a file, or a folder that contains one of these names; if absent, the
// current folder is used, otherwise /etc/analysis-tools.yml. Applies QUERN_ settings from the environment.
// Those of the command line override all others.
Result<LoadedJob> load_job(const std::optional<std::string>& job, const CommandLine& line);
// What messages call a job without a file.
inline constexpr std::string_view kCommandLineJob = "the command line";

// Loads the job that a command line names or describes. Fails if --key is neither part of such a description nor the
// file of a private key.
Result<LoadedJob> load_job(const CommandLine& line);

// A module of a job, in the order of its steps.
struct NamedModule {
  std::string place;  // as in the job file: "steps[0].mapper"
  std::size_t step = 0;
  event::Role role = event::Role::kMapper;
  const Module& module;
};
std::vector<NamedModule> modules_of(const Job& job);

// Whether there is a job file in the places that are searched if none is named.
bool has_usual_job_file();
// Whether a job file of this name is found in its folder.
bool is_usual_name(const std::string& file_name);

// Checks whether `quern run` supports everything that the job asks for, and whether its modules exist. Fails with
// kBadConfig if not.
Result<void> check_job(const Job& job);
// The part of check_job() that does not look at modules and does not depend on who runs the job.
Result<void> check_steps(const Job& job);

}  // namespace quern::app

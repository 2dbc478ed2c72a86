#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace quern::process {

// Returns the absolute path of the program that runs modules in this language: QUERN_PYTHON or QUERN_NODE if set, else
// python3 or node on PATH. A version manager's shim (a script) is asked once for the real program, because it costs up
// to 0.4 s at every start; a virtual environment's link is kept. Blocks during the question.
Result<std::string> find_interpreter(Language language, const std::stop_token& stop = {});

// Returns the same for a python or javascript module: the interpreter that its job names, relative to `job_folder` if
// it has a slash and else on PATH; without one, that of its language. An interpreter that is not there is kBadConfig.
Result<std::string> interpreter_of(const Module& module, const std::string& job_folder,
                                   const std::stop_token& stop = {});

// Returns the executable file with this name in the first folder of PATH that contains one.
std::optional<std::string> find_on_path(std::string_view program);

// Returns the version that the interpreter reports: "Python 3.11.2", "v18.20.4". Starts it and blocks until it answers.
Result<std::string> version_of_interpreter(const std::string& path, const std::stop_token& stop = {});

// Whether quern's own environment contains a variable that a child gets only if the job requests it (see below).
bool environment_has_secrets();

// Returns the environment of a child, "NAME=value" each: quern's own without its secrets (CREDENTIALS, AWS_*,
// TASKCLUSTER_*, QUERN_KEY_FILE, SMTP_URL and other names of quern's secrets), then what the job requests by name, then
// `extra`. Later entries override earlier ones.
std::vector<std::string> child_environment(const EnvironmentRequest& requested, const std::vector<std::string>& extra);

}  // namespace quern::process

#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"

// The packages that a script says it needs, in a file next to it.

namespace quern::process {

// Returns the requirements.txt next to a script in Python, or the package.json next to one in JavaScript; empty if
// there is none.
std::optional<std::string> requirements_of(const Module& module, const std::string& job_folder);

struct RequirementsQuestion {
  const Module& module;
  std::string interpreter;
  std::string file;  // the result of requirements_of
  std::stop_token stop = {};
};
// Asks the module's interpreter and returns each package of the file that it does not have: "numpy>=2 (has 1.26.4)".
// Versions are compared for Python, if the interpreter has `packaging` or pip, which brings it. Lines that are not
// names of packages (options, URLs, paths) are not checked. Starts the interpreter and blocks until it answers.
Result<std::vector<std::string>> unmet_requirements(const RequirementsQuestion& question);

// Returns a line that says where the missing package may be named, for a module that cannot be loaded because of `how`;
// "" if `how` is something else, or there is no such file.
std::string requirements_advice(const Module& module, const std::string& job_folder, const std::string& how);

}  // namespace quern::process

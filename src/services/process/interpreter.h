#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace quern::process {

// The program that runs modules of this language, as an absolute path: QUERN_PYTHON or QUERN_NODE if set, else python3
// or node on PATH. A version manager's shim (a script) is asked once for the real program, because it costs up to
// 0.4 s at every start; a virtual environment's link is kept as it is. Blocks while it asks.
Result<std::string> find_interpreter(Language language);

// The executable file of this name in the first folder of PATH that has one.
std::optional<std::string> find_on_path(std::string_view program);

// What it says of itself: "Python 3.11.2", "v18.20.4". Starts it and blocks while it answers.
Result<std::string> version_of_interpreter(const std::string& path);

// Whether quern's own environment has a variable that a child only gets by its name (see below).
bool environment_has_secrets();

// The environment of a child, "NAME=value" each: quern's own without its secrets (CREDENTIALS, AWS_*, TASKCLUSTER_*,
// QUERN_KEY_FILE, SMTP_URL and whatever else names a secret of quern's), then what the job asks for by name, then
// `extra`, each overriding what stands before it.
std::vector<std::string> child_environment(const EnvironmentRequest& requested, const std::vector<std::string>& extra);

}  // namespace quern::process

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/doctor/findings.h"
#include "base/result.h"
#include "model/job.h"

// Checks interpreters and their packages. Pure functions.

namespace quern::app::doctor {

struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};
// The oldest versions that run the harnesses of modules/.
inline constexpr Version kLeastPython{3, 8};
inline constexpr Version kLeastNode{18, 0};

// Parses the first two numbers separated by a dot: 3.11 in "Python 3.11.2", 18.20 in "v18.20.4". Empty if there are
// none.
std::optional<Version> parse_version(std::string_view text);

struct InterpreterSeen {
  Language language = Language::kPython;  // kPython or kJavascript
  Result<std::string> path;               // the result of find_interpreter or interpreter_of
  Result<std::string> version;            // the result of version_of_interpreter; used only if there is a path
  // The setting of the job that names it, such as "mapper.interpreter"; "" for the one that other modules get.
  std::string setting;
};
Finding check_interpreter(const InterpreterSeen& seen, Need need);

struct PackagesSeen {
  Language language = Language::kPython;
  std::string file;                        // requirements.txt or package.json, as the user may write it
  std::string folder;                      // of the job, likewise
  std::string interpreter;                 // absolute
  std::string setting;                     // of the job, such as "mapper.interpreter"
  bool is_in_venv = false;                 // the interpreter
  Result<std::vector<std::string>> unmet;  // the result of unmet_requirements
};
Finding check_packages(const PackagesSeen& seen);

}  // namespace quern::app::doctor

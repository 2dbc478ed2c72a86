#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/doctor/findings.h"
#include "base/result.h"
#include "model/job.h"

// Interpreters. Pure functions.

namespace quern::app::doctor {

struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};
// The oldest ones that run the harnesses of modules/.
inline constexpr Version kLeastPython{3, 8};
inline constexpr Version kLeastNode{18, 0};

// The first two numbers with a dot between them: 3.11 of "Python 3.11.2", 18.20 of "v18.20.4". None: there are none.
std::optional<Version> parse_version(std::string_view text);

struct InterpreterSeen {
  Language language = Language::kPython;  // kPython or kJavascript
  Result<std::string> path;               // as find_interpreter says
  Result<std::string> version;            // as version_of_interpreter says; looked at if there is a path
};
Finding check_interpreter(const InterpreterSeen& seen, Need need);

}  // namespace quern::app::doctor

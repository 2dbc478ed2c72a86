#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

// Returns an environment variable's value, or null if it is not set: std::getenv, or a test's substitute.
using EnvironmentLookup = std::function<const char*(const char*)>;

// Returns "" for a variable that is not set. The view points into the environment and changes with it.
std::string_view variable_value(const EnvironmentLookup& environment, const char* name);

// Returns this machine's name; "" if the system does not tell.
std::string host_name();

// Returns the file of certificate authorities that the environment names: the value of the first of these variables
// that is set, or "" if libcurl's default applies. kBadConfig, with the variable's name, if that file does not exist.
// Blocks for one stat(2).
Result<std::string> certificate_authorities(std::initializer_list<const char*> variables);

}  // namespace quern

#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace quern {

// Returns an environment variable's value, or null if it is not set: std::getenv, or a test's substitute.
using EnvironmentLookup = std::function<const char*(const char*)>;

// Returns "" for a variable that is not set. The view points into the environment and changes with it.
std::string_view variable_value(const EnvironmentLookup& environment, const char* name);

// Returns this machine's name; "" if the system does not tell.
std::string host_name();

}  // namespace quern

#pragma once

#include <functional>
#include <string_view>

namespace quern {

// An environment variable's value, or null: std::getenv, or a test's own.
using EnvironmentLookup = std::function<const char*(const char*)>;

// "" for one that is not set. The text is the environment's own, and changes with it.
std::string_view variable_value(const EnvironmentLookup& environment, const char* name);

}  // namespace quern

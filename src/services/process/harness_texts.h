#pragma once

#include <string_view>

namespace quern::process {

// modules/harness.py, start.py and harness.mjs, embedded at build time by cmake/embed.cmake.
std::string_view python_harness();
std::string_view python_start();
std::string_view javascript_harness();

}  // namespace quern::process

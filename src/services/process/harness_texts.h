#pragma once

#include <string_view>

namespace quern::process {

// modules/harness.py and modules/harness.mjs, embedded at build time by cmake/embed.cmake.
extern const std::string_view kPythonHarness;
extern const std::string_view kJavascriptHarness;

}  // namespace quern::process

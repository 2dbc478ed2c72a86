#pragma once

#include <string_view>

namespace quern::app {

// Must equal the version in the project() line of CMakeLists.txt; a test compares them.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace quern::app

#pragma once

#include <string_view>

namespace quern::app {

// As in the project() line of CMakeLists.txt; a test compares the two.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace quern::app

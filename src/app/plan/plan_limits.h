#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Tasks of a job: how many one may depend on, so that their ids fit into one argument of a program; how many inputs one
// map task may have; and how many characters the scopes of a task may have, which are sent twice in one header of Hawk.
inline constexpr std::size_t kMaxFanIn = 5000;
inline constexpr std::size_t kMaxLoadFiles = 10000;
inline constexpr std::size_t kMaxTaskScopes = 1100;

}  // namespace quern::limits

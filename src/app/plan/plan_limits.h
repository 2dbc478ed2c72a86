#pragma once

#include <cstddef>

// The fixed limits of this folder. Sizes are in bytes.

namespace quern::limits {

// Tasks of a job: how many one may wait for, so that their ids fit into one argument of a program; of the inputs of one
// map task; and of their scopes in characters, which travel twice in one header of Hawk.
inline constexpr std::size_t kMaxFanIn = 5000;
inline constexpr std::size_t kMaxLoadFiles = 10000;
inline constexpr std::size_t kMaxTaskScopes = 1100;

}  // namespace quern::limits

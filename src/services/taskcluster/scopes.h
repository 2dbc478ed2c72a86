#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a client of Taskcluster may do. Pure functions; roles must be expanded already, as auth.currentScopes does.

namespace quern::taskcluster {

// A scope that ends in * satisfies all that begin with what stands before it; a * elsewhere means itself.
bool satisfies(std::string_view held, std::string_view needed);

// Those that none of `held` satisfies, in their order, each once.
std::vector<std::string> missing_scopes(const std::vector<std::string>& held, const std::vector<std::string>& needed);

}  // namespace quern::taskcluster

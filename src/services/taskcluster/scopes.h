#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a Taskcluster client may do. Pure functions; roles must already be expanded, as auth.currentScopes does.

namespace quern::taskcluster {

// A scope that ends in * satisfies all scopes that begin with the part before it; a * elsewhere is literal.
bool satisfies(std::string_view held, std::string_view needed);

// Returns the needed scopes that no element of `held` satisfies, in their order, without duplicates.
std::vector<std::string> missing_scopes(const std::vector<std::string>& held, const std::vector<std::string>& needed);

}  // namespace quern::taskcluster

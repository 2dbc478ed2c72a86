#include "services/taskcluster/scopes.h"

#include <algorithm>

namespace quern::taskcluster {

bool satisfies(std::string_view held, std::string_view needed) {
  if (held == needed) return true;
  return held.ends_with('*') && needed.starts_with(held.substr(0, held.size() - 1));
}

std::vector<std::string> missing_scopes(const std::vector<std::string>& held, const std::vector<std::string>& needed) {
  std::vector<std::string> missing;
  for (const std::string& scope : needed) {
    bool is_held = std::any_of(held.begin(), held.end(), [&](const auto& own) { return satisfies(own, scope); });
    if (!is_held && std::find(missing.begin(), missing.end(), scope) == missing.end()) missing.push_back(scope);
  }
  return missing;
}

}  // namespace quern::taskcluster

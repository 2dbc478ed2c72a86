#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stages/fetch/fetch.h"

namespace quern::fetch {

// For each remote why it cannot be stored beside those before it in the list: another has the same path, or one's path
// is a folder of the other's. Files that are on the disk already are not looked at.
std::vector<std::optional<Error>> find_clashes(const std::vector<Remote>& remotes);

}  // namespace quern::fetch

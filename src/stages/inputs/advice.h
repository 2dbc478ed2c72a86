#pragma once

#include <string>

namespace quern::inputs {

// What stands where a name or a pattern found nothing: "; data has 12 files, such as data/a.gz", from the nearest
// folder that is there. `name` is as the user wrote it, relative to `folder`; `wildcard_at` is where its first wildcard
// stands, or its size. "" when nothing helpful can be said. Blocks on the disk.
std::string advice_for(const std::string& name, const std::string& folder, std::size_t wildcard_at);

}  // namespace quern::inputs

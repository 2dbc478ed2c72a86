#pragma once

#include <string>

namespace quern::inputs {

// Describes what exists where a name or a pattern matched nothing: "; data has 12 files, such as data/a.gz", from the
// nearest folder that exists. `name` is as the user wrote it, relative to `folder`; `wildcard_at` is the index of its
// first wildcard, or its size. Returns "" if there is nothing helpful to say. Blocks on the disk.
std::string advice_for(const std::string& name, const std::string& folder, std::size_t wildcard_at);

}  // namespace quern::inputs

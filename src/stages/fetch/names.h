#pragma once

#include <string>
#include <string_view>

// The files of quern's own that lie beside what it fetches. Pure functions.

namespace quern::fetch {

std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

// ".NAME.quern-part", which becomes the file NAME when it is complete.
std::string part_path(const std::string& target);
// ".NAME.quern-state": how much of it is there, and of what; docs/formats/fetched-files.md.
std::string state_path(const std::string& target);
// ".quern-kept": what complete files in this folder were made of.
std::string kept_path(const std::string& folder);

// No object may be stored under such a name.
bool is_own_name(std::string_view name);

}  // namespace quern::fetch

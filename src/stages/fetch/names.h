#pragma once

#include <string>
#include <string_view>

// The files of quern's own that lie next to what it fetches. Pure functions.

namespace quern::fetch {

// "" if it stands in none.
std::string folder_of(const std::string& name);
std::string name_of(const std::string& name);
// `other` in the same folder.
std::string in_folder_of(const std::string& name, const std::string& other);

// ".NAME.quern-part", which becomes the file NAME when it is complete.
std::string part_name(const std::string& name);
// ".NAME.quern-state": how much of it is there, and of what; docs/formats/fetched-files.md.
std::string state_name(const std::string& name);
// What complete files in a folder were made of.
inline constexpr const char* kKeptName = ".quern-kept";
// In the folder of downloads: who has it, and what is to be removed from it.
inline constexpr const char* kLockName = ".quern-lock";

// No object may be stored under such a name.
bool is_own_name(std::string_view name);

// For an error about what is in the way.
inline constexpr std::string_view kAdviceToMakeRoom = "move it away, or set downloads.directory to another folder";

}  // namespace quern::fetch

#pragma once

#include <string>
#include <string_view>

// The names of quern's own files next to the files that it fetches. Pure functions.

namespace quern::fetch {

// Returns the folder part of `name`; "" if there is none.
std::string folder_of(const std::string& name);
std::string name_of(const std::string& name);
// Returns `other` in the folder of `name`.
std::string in_folder_of(const std::string& name, const std::string& other);

// Returns ".NAME.quern-part": the file that is renamed to NAME when it is complete.
std::string part_name(const std::string& name);
// Returns ".NAME.quern-state": how much of the object is there, and which object it is; docs/formats/fetched-files.md.
std::string state_name(const std::string& name);
// Records the objects from which the complete files in a folder were made.
inline constexpr const char* kKeptName = ".quern-kept";
// In the folder of downloads: who uses it, and what must be removed from it.
inline constexpr const char* kLockName = ".quern-lock";

// Objects are never stored under such a name.
bool is_own_name(std::string_view name);

// For errors about something that is in the way.
inline constexpr std::string_view kAdviceToMakeRoom = "move it away, or set downloads.directory to another folder";

}  // namespace quern::fetch

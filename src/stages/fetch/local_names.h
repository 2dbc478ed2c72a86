#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quern::fetch {

// An object, and the file name it should have: its key, or the host and the path of its URL.
struct Wanted {
  std::string name;  // "" if there is none
  std::string url;   // different for every object
};

// Returns the names of the objects' files below the folder of downloads. An object gets the wanted name, or a name of
// quern's own (a hash of the URL with the same ending) if the wanted name is not plain, is longer than `most_bytes`, is
// already taken, or is a folder of another file. Pure function.
std::vector<std::string> local_names(const std::vector<Wanted>& objects, std::size_t most_bytes);

// Whether a file can have this name and be inside its folder: no part is empty, ".", "..", longer than 255 bytes,
// contains a control character or is a name of quern's own.
bool is_plain_name(std::string_view name);

// The names of quern's own files next to the files that it fetches. Pure functions.

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

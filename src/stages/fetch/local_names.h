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

}  // namespace quern::fetch

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quern::fetch {

// An object, and the name that its file would have: its key, or the host and the path of its URL.
struct Wanted {
  std::string name;  // "" if there is none
  std::string url;   // no two objects have the same
};

// The names of their files below the folder of downloads: the wanted one, or one of quern's own (made of a hash of the
// URL, with the same ending) where that is no plain name or longer than `most_bytes`, where another object has it, or
// where it is a folder that another goes into. Pure function.
std::vector<std::string> local_names(const std::vector<Wanted>& objects, std::size_t most_bytes);

// Whether a file can have this name, and stay in its folder by it: no part of it is empty, "." or "..", longer than 255
// bytes, a name of quern's own or holds a control character.
bool is_plain_name(std::string_view name);

}  // namespace quern::fetch

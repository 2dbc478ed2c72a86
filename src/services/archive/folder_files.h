#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::archive {

struct FolderEntry {
  std::string name;  // relative to the folder, with / between its parts
  std::string path;  // of the file itself, behind a link
  bool is_folder = false;
  bool is_executable = false;
  std::uint64_t bytes = 0;
};

// What a folder is made of, a folder before what is in it, names in byte order; as pack_folder() takes it. kBadInput
// naming a link that leaves the folder or leads to a folder, and what is neither file nor folder.
Result<std::vector<FolderEntry>> list_folder(const std::string& folder, const std::vector<std::string>& left_out);

}  // namespace quern::archive

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::disk {

// A file to create. Borrows its text.
struct FileToCreate {
  std::string name;  // relative to the folder it is created in: "mapper.py", "data/sample.json"
  std::string_view text;
  bool is_executable = false;
};

// Creates all of these files below `folder`, which need not exist, or none of them. Never overwrites: if any of the
// names exists, even as a dangling link, nothing is written and the error (kDenied) names it. If creating them fails,
// it removes what it created, including folders. Blocks on the disk.
Result<void> create_files(const std::string& folder, std::span<const FileToCreate> files);

}  // namespace quern::disk

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::disk {

// A file to make. Borrows its text.
struct NewFile {
  std::string name;  // below the folder that it is made in: "mapper.py", "data/sample.json"
  std::string_view text;
  bool is_executable = false;
};

// kRename is what kLink falls back to on file systems without hard links (vboxsf, FAT).
enum class Placing { kLink, kRename };

// Makes all of these files below `folder`, which need not be there, or none of them. Never overwrites: if something of
// one of these names is there, be it a link that leads nowhere, nothing is written and the error (kDenied) names it.
// When making them fails, what was made is removed, folders too. Each appears complete and synced. Blocks on the disk.
Result<void> create_files(const std::string& folder, std::span<const NewFile> files, Placing placing = Placing::kLink);

}  // namespace quern::disk

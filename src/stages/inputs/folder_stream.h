#pragma once

#include <dirent.h>

#include <memory>

namespace quern::inputs {

struct CloseFolder {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
// A folder that is being read. Move-only.
using FolderStream = std::unique_ptr<DIR, CloseFolder>;

}  // namespace quern::inputs

#pragma once

#include <dirent.h>

#include <memory>

namespace quern::inputs {

struct CloseFolder {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
// An open folder stream. Move-only.
using FolderStream = std::unique_ptr<DIR, CloseFolder>;

}  // namespace quern::inputs

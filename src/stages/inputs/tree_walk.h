#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "stages/inputs/collector.h"
#include "stages/inputs/own_files.h"

namespace quern::inputs {

// Finds, in one pass over a folder and everything below it, all files that any of some patterns match. Each pattern is
// relative to that folder: parts separated by '/', where ** is any number of folders (and, at the end, all files
// below). Links to files and folders are followed, except to a folder that is already on the path.
class TreeWalk {
 public:
  // `own` is as in InputRequest.
  TreeWalk(const std::vector<std::string>& patterns, const OwnFiles* own, Collector& found);

  // `name` is the beginning of the inputs' names, "" or ending with '/'; `path` is the folder without links. Errors
  // name the folder or file that could not be read.
  Result<void> run(const std::string& name, const std::string& path);
  // How many folders a whole pattern matched: perhaps everything below them was meant.
  std::uint64_t matched_folders() const { return matched_folders_; }

 private:
  enum class Kind { kName, kPattern, kAnyFolders, kEnd };
  struct Part {
    Kind kind = Kind::kEnd;
    std::string text = {};
  };
  // Indexes into parts_ of the parts that may come next: all patterns are followed together, so that a folder is read
  // once.
  using States = std::vector<std::uint32_t>;
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };

  void add_state(States& states, std::uint32_t state) const;
  bool part_matches(const Part& part, std::string_view name) const;
  bool is_named(const States& states, std::string_view name) const;
  bool takes_file(const States& states, std::string_view name) const;
  States below(const States& states, std::string_view name);
  Result<void> visit(Fd folder, const States& states);
  Result<void> visit_entry(int folder, const dirent& entry, const States& states);
  Result<void> visit_folder(int folder, const dirent& entry, bool is_link, const States& states);
  Result<void> take_file(int folder, const char* entry_name, const struct stat& status, bool is_link,
                         const States& states);

  const OwnFiles* const own_;
  Collector& found_;
  std::vector<Part> parts_;
  States start_;
  std::string name_;  // of the current folder, ending with '/'
  std::string path_;
  std::vector<Identity> ancestors_;
  std::uint64_t matched_folders_ = 0;
};

// Returns 0 if this process may read the file, else an errno. Asks the kernel only if the mode does not already answer
// it.
int check_readable(int folder, const char* name, const struct stat& status);
// Resolves links and dots. The file must exist.
Result<std::string> real_path(const std::string& path);

struct CloseFolder {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
// An open folder stream. Move-only.
using FolderStream = std::unique_ptr<DIR, CloseFolder>;

}  // namespace quern::inputs

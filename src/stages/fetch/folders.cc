#include "stages/fetch/folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "stages/fetch/names.h"

namespace quern::fetch {

Folders::~Folders() {
  // One that is not empty stays.
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) ::rmdir(folder->c_str());
}

Result<void> Folders::make(const std::string& folder) {
  if (folder.empty() || known_.contains(folder)) return {};
  int error = ::mkdir(folder.c_str(), 0777) == 0 ? 0 : errno;
  if (error == ENOENT) {
    TRY(make(folder_of(folder)));
    error = ::mkdir(folder.c_str(), 0777) == 0 ? 0 : errno;
  }
  if (error == 0) {
    made_.push_back(folder);
  } else {
    struct stat status {};
    // mkdir says EROFS or EACCES for some folders that are there.
    bool is_there = ::stat(folder.c_str(), &status) == 0;
    if (error == ENOTDIR || (is_there && !S_ISDIR(status.st_mode))) {
      return bad_input("making the folder " + folder + ": a file is in its place");
    }
    if (!is_there) return os_error("making the folder " + folder, error);
  }
  known_.insert(folder);
  return {};
}

}  // namespace quern::fetch

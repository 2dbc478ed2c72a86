#include "services/disk/foreign_link.h"

#include <sys/stat.h>
#include <unistd.h>

#include "services/disk/files.h"

namespace quern::disk {

Result<void> refuse_foreign_link(const std::string& path) {
  struct stat link {};
  struct stat folder {};
  if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return {};
  if (::stat(folder_of(path).c_str(), &folder) != 0 || (folder.st_mode & (S_ISVTX | S_IWOTH)) == 0) return {};
  if (link.st_uid == ::geteuid() || link.st_uid == folder.st_uid) return {};
  return Error{.kind = ErrorKind::kDenied,
               .message = path +
                          " is a symbolic link that another user has put into a folder where others may "
                          "write; remove it, or name another place"};
}

}  // namespace quern::disk

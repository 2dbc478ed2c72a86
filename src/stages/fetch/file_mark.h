#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

namespace quern::fetch {

// A regular file that only this user can have written, whatever the permissions of its folder.
inline bool is_own(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_nlink == 1;
}

// Distinguishes a file that this user wrote from any other file that may have its name.
struct FileMark {
  std::uint64_t size_bytes = 0;
  std::int64_t changed_ns = 0;  // time of the last change; if it differs, the file was modified
  std::uint64_t inode = 0;      // 0 if unknown, because an earlier run wrote the file

  static FileMark of(const struct stat& status) {
    return {.size_bytes = static_cast<std::uint64_t>(status.st_size),
            .changed_ns = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
            .inode = status.st_ino};
  }
  bool fits(const struct stat& status) const {
    const FileMark other = of(status);
    // Some file systems report one owner for all files. So the owner must be this user only if there is no inode.
    const bool is_same_file = inode == 0 ? status.st_uid == ::geteuid() : other.inode == inode;
    return S_ISREG(status.st_mode) && is_same_file && other.size_bytes == size_bytes && other.changed_ns == changed_ns;
  }
};

}  // namespace quern::fetch

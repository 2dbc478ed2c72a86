#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

namespace quern::fetch {

// A regular file that nobody but this user can have written, whoever may write to its folder.
inline bool is_own(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_nlink == 1;
}

// Tells a file that this user wrote from any other that may have its name.
struct FileMark {
  std::uint64_t size_bytes = 0;
  std::int64_t changed_ns = 0;  // its time of last change; another one: somebody wrote to it since
  std::uint64_t inode = 0;      // 0: not known, as an earlier run wrote it

  static FileMark of(const struct stat& status) {
    return {.size_bytes = static_cast<std::uint64_t>(status.st_size),
            .changed_ns = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
            .inode = status.st_ino};
  }
  bool fits(const struct stat& status) const {
    const FileMark other = of(status);
    // Some file systems say that all files are of one user. Only where there is no inode, that one has to be us.
    const bool is_same_file = inode == 0 ? status.st_uid == ::geteuid() : other.inode == inode;
    return S_ISREG(status.st_mode) && is_same_file && other.size_bytes == size_bytes && other.changed_ns == changed_ns;
  }
};

}  // namespace quern::fetch

#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "services/disk/files.h"

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
    // Some file systems report one owner for all files, so the owner counts only where the inode is not known.
    const bool is_same_file = inode == 0 ? status.st_uid == ::geteuid() : other.inode == inode;
    return S_ISREG(status.st_mode) && is_same_file && other.size_bytes == size_bytes && other.changed_ns == changed_ns;
  }
};

// The folder for the files of one run, which no other run uses at the same time: docs/formats/fetched-files.md. All
// names are relative to it, and no symbolic link is followed on the way to them. Only remove() is thread-safe.
class DownloadFolder {
 public:
  // `directory` must be absolute; it is created if it does not exist, and locked. If another run has locked it, this
  // run gets a folder of its own inside it and a note says so; with `keeps` this is kBadConfig instead, as the files
  // could not remain there.
  static Result<std::unique_ptr<DownloadFolder>> open(const std::string& directory, bool keeps, EventSink& events);
  // Removes the folders it has created that are empty, and the lock.
  ~DownloadFolder();
  DownloadFolder(const DownloadFolder&) = delete;
  DownloadFolder& operator=(const DownloadFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  // Returns the descriptor of a folder, valid until the next call; "" is this folder. kNotFound if it does not exist
  // and `missing` is kFails; kBadInput if something else is in its place.
  enum class Missing { kFails, kIsMade };
  Result<int> enter(const std::string& folder, Missing missing);

  // Returns the content of this file, or nothing if it does not exist, is not owned by this user or is larger than
  // `most_bytes`.
  std::optional<std::string> read(const std::string& name, std::size_t most_bytes);

  // Records a file that must be removed, so that a later run removes it if this one is killed.
  Result<void> will_remove(const std::string& name, const FileMark& mark);
  // Deletes the file of this name if it is still the one with this mark.
  void remove(const std::string& name, const FileMark& mark) const;

 private:
  explicit DownloadFolder(std::string path) : path_(std::move(path)) {}
  void make(const std::string& folder);
  Result<std::string> lock();
  Result<void> use_own_folder();
  void remove_what_was_left();
  Result<Fd> walk(const std::string& folder, std::vector<std::string>* made) const;

  std::string path_;
  std::optional<disk::ScratchFolder> scratch_;  // used if another run holds the directory
  Fd root_;
  Fd lock_;
  std::string entered_name_;
  Fd entered_;
  std::vector<std::string> made_;  // absolute, outer ones first
};

}  // namespace quern::fetch

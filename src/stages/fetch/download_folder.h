#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "services/disk/files.h"
#include "stages/fetch/file_mark.h"

namespace quern::fetch {

// The folder that the files of one run go into, and of no other run at the same time: docs/formats/fetched-files.md.
// All names are relative to it, and no symbolic link is followed on the way to them. Owned by one thread; remove() is
// for any.
class DownloadFolder {
 public:
  // `directory` is absolute; it is made if it is not there, and locked. Where another run has locked it, this one gets
  // a folder of its own in it, and a note says so; with `keeps` that is kBadConfig, as its files could not stay there.
  static Result<std::unique_ptr<DownloadFolder>> open(const std::string& directory, bool keeps, EventSink& events);
  // Folders that were made and are empty go, and so does the lock.
  ~DownloadFolder();
  DownloadFolder(const DownloadFolder&) = delete;
  DownloadFolder& operator=(const DownloadFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  // The descriptor of a folder, good until the next call; "" is this folder. kNotFound: it is not there and is not to
  // be made; kBadInput: something else is in its place.
  enum class Missing { kFails, kIsMade };
  Result<int> enter(const std::string& folder, Missing missing);

  // The whole file of this name. None: it is not there, is not this user's own, or is larger.
  std::optional<std::string> read(const std::string& name, std::size_t most_bytes);

  // Remembers a file that is to be removed, so that a later run does that should this one be killed.
  Result<void> will_remove(const std::string& name, const FileMark& mark);
  // Deletes the file of this name if it is still the one that was marked.
  void remove(const std::string& name, const FileMark& mark) const;

 private:
  explicit DownloadFolder(std::string path) : path_(std::move(path)) {}
  void make(const std::string& folder);
  Result<std::string> lock();
  Result<void> use_own_folder();
  void remove_what_was_left();
  Result<Fd> walk(const std::string& folder, std::vector<std::string>* made) const;

  std::string path_;
  std::optional<disk::ScratchFolder> scratch_;  // where another run has the directory
  Fd root_;
  Fd lock_;
  std::string entered_name_;
  Fd entered_;
  std::vector<std::string> made_;  // absolute, outer ones first
};

}  // namespace quern::fetch

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"

namespace quern::disk {

// A folder for temporary files that is removed on destruction, with everything in it. Move-only. It is created below
// `parent` ("" means TMPDIR, else /tmp) as quern-XXXXXX with mode 0700, after removing what a killed quern left there.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(const std::string& parent);
  // Creates the folder with a hidden name (.quern-XXXXXX), next to the files that will be made from its contents.
  static Result<ScratchFolder> make_hidden(const std::string& parent);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&& other) noexcept;
  ~ScratchFolder();
  const std::string& path() const { return path_; }  // absolute, unless the folder is hidden

 private:
  static Result<ScratchFolder> make_in(const std::string& parent, const std::string& prefix);
  ScratchFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Fd lock_;
};

// A file that appears under its name only when it is complete: it is written without a name (O_TMPFILE) or under a
// temporary one, synced, and renamed. If it is destroyed before commit(), nothing remains. Not thread-safe; blocks on
// the disk.
//
// An existing target that is not a regular file (/dev/null, a FIFO, /dev/stdout, /dev/fd/3) is written directly,
// because replacing it is not what the user means; a FIFO that nobody reads is refused. If the path is a symbolic link,
// the link stays and its target is replaced. A missing or read-only folder is an error of create(), not of commit().
class AtomicFile final : public ByteSink {
 public:
  // kUnnamed falls back to kHidden on file systems without O_TMPFILE.
  enum class Temporary { kUnnamed, kHidden };
  static Result<std::unique_ptr<AtomicFile>> create(const std::string& path, Temporary temporary = Temporary::kUnnamed);
  // Creates one of so many files that not each can have a descriptor. It is written in `folder`, a hidden scratch
  // folder next to it, and has no descriptor between rest() and the next write.
  static Result<std::unique_ptr<AtomicFile>> create_in(const std::string& folder, const std::string& path);
  ~AtomicFile() override;

  // Buffered; an error names the path. kNoSpace if the disk is full; kStopped if the reader of a pipe has closed it.
  Result<void> write(std::string_view bytes) override;
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Discards all bytes from this offset on, such as those of a transfer that begins again. Not for a target that is
  // written directly.
  Result<void> truncate(std::uint64_t size_bytes);
  // Releases the memory and, for a file from create_in(), the descriptor, until more is written.
  Result<void> rest();
  // Flushes, syncs the file and its folder, and renames. Call it once.
  Result<void> commit();

 private:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {}
  // Checks whether the path may be replaced; opens a target that is written directly.
  Result<void> look_at_target();
  Result<void> open_direct(const std::string& target);
  Result<void> open_temporary(Temporary temporary);
  Result<void> open_hidden();
  Result<void> wake_up();
  Result<void> flush();
  Result<void> write_through(std::string_view bytes);
  Result<void> link_temporary();

  std::string path_;            // as the user wrote it, for messages
  std::string target_path_;     // after resolving all symbolic links
  std::string temporary_path_;  // "" while the file has no name
  Fd fd_;
  std::string buffer_;
  std::uint64_t size_bytes_ = 0;
  bool is_direct_ = false;
  bool may_rest_ = false;
  bool committed_ = false;
};

// Removes what a killed quern left in `folder`: its scratch folders and the temporary files of its results that no
// process has locked. Best effort.
void remove_left_overs(const std::string& folder);
// Locks a temporary file (flock) that its owner holds open, so that remove_left_overs() keeps it. Returns false if it
// was removed in the meantime.
bool own_temporary(const Fd& fd, const std::string& path);
// Removes a folder and everything in it, without following links. Best effort: what cannot be removed stays.
void remove_folder(const std::string& path);
// Like remove_folder, but keeps one entry, and thus the folder. Returns false if anything else remains.
bool remove_all_but(const std::string& path, const char* kept);
// Like `mkdir -p`; an error names the folder that could not be created.
Result<void> make_folders(const std::string& path);
// Like make_folders, but first removes a folder of this name with everything in it.
Result<void> make_empty_folder(const std::string& path);
// Returns the folder part of a path; "." if it has none.
std::string folder_of(const std::string& path);
// Whether the path is that of a descriptor of this process (base/fd.h), or of a device such as /dev/null.
bool is_device(const std::string& path);
// Makes a path absolute and removes "." and ".." parts; the file need not exist. Relative paths are below `folder`.
std::string absolute_path(const std::string& path, const std::string& folder);
// Returns the current working folder of this process.
Result<std::string> working_folder();

// Adds advice to an error of writing a file if the disk is full, a quota is exceeded, or the file has reached its size
// limit; returns any other error unchanged. `elsewhere` says how to choose another place: "name another one with
// --output".
Error advise_if_full(Error error, std::string_view elsewhere);

// The same for temporary files. Does not change an error that already has its advice.
Error advise_scratch_if_full(Error error);
// Adds to any error of a folder for temporary files how to choose another one.
Error advise_other_scratch(Error error);

// Like write_all(), for a temporary file: an error names its path and, if the disk is full, how to choose another
// folder.
Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path);

// kDenied if the path is a symbolic link that another user created in a folder where others may write (such as /tmp):
// writing to it would go to a place that this user chose. The kernel has the same rule (fs.protected_symlinks), but not
// on every system, and it does not apply to programs that resolve links themselves. Does not check links among the
// folders of the path.
Result<void> refuse_foreign_link(const std::string& path);

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hexadecimal digits
};

// Reads the whole file. An error names the file. Blocks on the disk.
Result<FileDigest> digest_of_file(const std::string& path);

}  // namespace quern::disk

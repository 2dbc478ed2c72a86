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

// A folder for temporary files that is gone when this object is, with all that is in it. Move-only.
// Made below `parent` ("" means TMPDIR, else /tmp) as quern-XXXXXX with mode 0700, after what a killed quern left there
// was removed.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(const std::string& parent);
  // The same with a hidden name (.quern-XXXXXX), next to the files that are to be made of what is in it.
  static Result<ScratchFolder> make_hidden(const std::string& parent);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&& other) noexcept;
  ~ScratchFolder();
  const std::string& path() const { return path_; }  // absolute, unless it is hidden

 private:
  static Result<ScratchFolder> make_in(const std::string& parent, const std::string& prefix);
  ScratchFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Fd lock_;
};

// A file that appears under its name only when it is complete: written without a name (O_TMPFILE) or under a temporary
// one, synced, renamed. Destroyed before commit(), it leaves nothing behind. Owned by one thread; blocks on the disk.
//
// What is there already and is not a regular file (/dev/null, a FIFO, /dev/stdout, /dev/fd/3) is written to directly,
// as a rename over it would not be what its user means; opening a FIFO waits for its reader. A symbolic link stays and
// its target is replaced. A folder that is missing or not writable is an error of create(), not of commit().
class AtomicFile final : public ByteSink {
 public:
  // kHidden is what kUnnamed falls back to on file systems without O_TMPFILE.
  enum class Temporary { kUnnamed, kHidden };
  static Result<std::unique_ptr<AtomicFile>> create(const std::string& path, Temporary temporary = Temporary::kUnnamed);
  // One of so many files that there may not be a descriptor for each: it is written in `folder`, a hidden scratch
  // folder next to it, and has no descriptor between rest() and what is written next.
  static Result<std::unique_ptr<AtomicFile>> create_in(const std::string& folder, const std::string& path);
  ~AtomicFile() override;

  // Buffered; an error names the path. kNoSpace: the disk is full; kStopped: the reader of a pipe has gone.
  Result<void> write(std::string_view bytes) override;
  std::uint64_t size_bytes() const { return size_bytes_; }
  // False where bytes are gone once they are written, because the target is not a regular file.
  bool can_truncate() const { return !is_direct_; }
  // Forgets all bytes from this offset on: what a failed input gave does not count.
  Result<void> truncate(std::uint64_t size_bytes);
  // Lets go of the memory and, if it comes of create_in(), of the descriptor, until more is written.
  Result<void> rest();
  // Flushes, syncs file and folder, and renames. Once.
  Result<void> commit();

 private:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {}
  // Whether the path may be replaced; opens what is not to be replaced.
  Result<void> look_at_target();
  Result<void> open_direct(const std::string& target);
  Result<void> open_temporary(Temporary temporary);
  Result<void> open_hidden();
  Result<void> wake_up();
  Result<void> flush();
  Result<void> write_through(std::string_view bytes);
  Result<void> link_temporary();

  std::string path_;            // as the user wrote it, for messages
  std::string target_path_;     // behind all symbolic links
  std::string temporary_path_;  // "" while the file has no name
  Fd fd_;
  std::string buffer_;
  std::uint64_t size_bytes_ = 0;
  bool is_direct_ = false;
  bool may_rest_ = false;
  bool committed_ = false;
};

// Removes from `folder` what a killed quern left there: its scratch folders and the temporary names of its results,
// which nobody has locked. Best effort.
void remove_left_overs(const std::string& folder);
// Locks a temporary file (flock) that its owner holds open, so that it is not left over. False if it was removed
// meanwhile.
bool own_temporary(const Fd& fd, const std::string& path);
// Removes a folder and everything in it, not following links. Best effort: what cannot be removed stays.
void remove_folder(const std::string& path);
// The same but for one entry of the folder, and the folder. False if anything else stays.
bool remove_all_but(const std::string& path, const char* kept);
// As `mkdir -p`; an error names the folder that could not be made.
Result<void> make_folders(const std::string& path);
// The folder that a file of this path stands in: "." if it names none.
std::string folder_of(const std::string& path);
// Absolute and without "." and ".." parts; the file need not exist. Relative paths are below `folder`.
std::string absolute_path(const std::string& path, const std::string& folder);
// The folder that this process works in.
Result<std::string> working_folder();

}  // namespace quern::disk

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"

namespace quern::disk {

// A folder for temporary files that is gone when this object is, with all that is in it. Move-only.
// Made below `parent` ("" means TMPDIR, else /tmp) as quern-XXXXXX with mode 0700. Folders that a killed quern left
// there (their lock file is no longer locked) are removed at the next start.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(const std::string& parent);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&& other) noexcept;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  ScratchFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Fd lock_;
};

// A file that appears under its name only when it is complete: written without a name (O_TMPFILE) or under a temporary
// one, synced, renamed. Destroyed before commit(), it leaves nothing behind. Owned by one thread.
class AtomicFile final : public ByteSink {
 public:
  static Result<std::unique_ptr<AtomicFile>> create(const std::string& path);
  ~AtomicFile() override;

  // Buffered; an error names the path ("no space left" among them).
  Result<void> write(std::string_view bytes) override;
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Forgets all bytes from this offset on: what a failed input gave does not count.
  Result<void> truncate(std::uint64_t size_bytes);
  // Flushes, syncs file and folder, and renames. Once.
  Result<void> commit();

 private:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {}
  Result<void> flush();

  std::string path_;
  std::string temporary_path_;  // "" while the file has no name
  Fd fd_;
  std::string buffer_;
  std::uint64_t size_bytes_ = 0;
  bool committed_ = false;
};

// Removes a folder and everything in it, not following links.
void remove_folder(const std::string& path);
Result<void> make_folders(const std::string& path);
// Absolute and without "." and ".." parts; the file need not exist. Relative paths are below `folder`.
std::string absolute_path(const std::string& path, const std::string& folder);

}  // namespace quern::disk

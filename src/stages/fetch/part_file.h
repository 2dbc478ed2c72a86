#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "model/limits.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/local_names.h"

namespace quern::limits {

// How many bytes are collected before they are written. Each transfer holds this much.
inline constexpr std::size_t kFetchWriteBytes = 512 * kKiB;

}  // namespace quern::limits

namespace quern::fetch {

// The file next to a target that is renamed to it once complete. It is not synced: it can be fetched again. Not
// thread-safe. As the network delivers small pieces, bytes wait in memory until limits::kFetchWriteBytes of them are
// contiguous; so a later call may report the error of a write.
class PartFile {
 public:
  // `folder` and `buffers` are borrowed.
  PartFile(std::string target, DownloadFolder& folder, BufferPool& buffers);

  bool is_open() const { return fd_.is_open(); }
  // Allows replacing the file at the target if it has this mark, so that it is quern's own. Anything else is kBadInput.
  void may_replace(const FileMark& mark) { replaced_ = mark; }
  // Opens an empty file, whatever an earlier run left. Creates the folder.
  Result<void> open_new();
  // Opens the file that an earlier run left of an object with this ETag and size. Returns false if there is none.
  bool open_old(const std::string& etag, std::uint64_t size_bytes, ResumeState& state);

  Result<void> write_at(std::uint64_t offset, std::string_view bytes);
  // Returns fewer than `count` bytes only at the end of the file.
  Result<std::size_t> read_at(std::uint64_t offset, char* target, std::size_t count);
  Result<void> truncate();
  // Saves the state for open_old() of a later run. The file ends with a marker line, so one that a crash cut short is
  // not valid.
  Result<void> save(const ResumeState& state);
  // Declares the file complete: writes what waits, and returns the mark that identifies the file.
  Result<FileMark> complete();
  // Renames it to the target.
  Result<void> commit();
  // Removes the file and its state.
  void discard();
  // Keeps the file and its state for a later run.
  void leave();

 private:
  // Bytes that wait to be written at this offset.
  struct Waiting {
    std::uint64_t offset = 0;
    Buffer bytes;
  };
  Result<void> check_nothing_lost() const;
  Result<void> settle_waiting();
  Result<void> write_out(Waiting& waiting);
  Result<void> write_all_out();
  void forget_waiting();
  Result<int> enter() { return folder_.enter(folder_of(target_), DownloadFolder::Missing::kIsMade); }
  Result<void> check_target(int folder) const;
  Result<void> rename_to_target(int folder);
  void remove(const std::string& name);

  DownloadFolder& folder_;
  BufferPool& buffers_;
  std::vector<Waiting> waiting_;
  const std::string target_;
  const std::string part_name_;   // within its folder
  const std::string state_name_;  // likewise
  const std::string path_;        // of the part file, for messages
  std::optional<FileMark> replaced_;
  bool has_bytes_ = false;
  bool has_state_ = false;
  bool has_lost_bytes_ = false;  // a write failed for bytes that had already been accepted
  Fd fd_;
};

}  // namespace quern::fetch

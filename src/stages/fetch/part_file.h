#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch_limits.h"
#include "stages/fetch/file_mark.h"
#include "stages/fetch/names.h"
#include "stages/fetch/resume_state.h"

namespace quern::fetch {

// The file next to a target that becomes it when it is complete. Not synced: it can be fetched again. One thread. What
// is written waits in memory until limits::kFetchWriteBytes of it lie together, as the network gives it in small
// pieces; so an error may be told by a later call.
class PartFile {
 public:
  // Both are borrowed.
  PartFile(std::string target, DownloadFolder& folder, BufferPool& buffers);

  bool is_open() const { return fd_.is_open(); }
  // What stands where the target would go is only replaced if it has this mark: it is quern's. Else kBadInput.
  void may_replace(const FileMark& mark) { replaced_ = mark; }
  // Empty, whatever an earlier run left. Makes the folder.
  Result<void> open_new();
  // With the bytes that an earlier run left of an object of this ETag and size, if it did. False: it did not.
  bool open_old(const std::string& etag, std::uint64_t size_bytes, ResumeState& state);

  Result<void> write_at(std::uint64_t offset, std::string_view bytes);
  // Fewer only at the end of the file.
  Result<std::size_t> read_at(std::uint64_t offset, char* target, std::size_t count);
  Result<void> truncate();
  // For open_old() of a later run. One that was cut short by a crash is no state, as it ends with a line that says so.
  Result<void> save(const ResumeState& state);
  // The file is complete: writes out what waits, and tells it from others.
  Result<FileMark> complete();
  // Gives it its name.
  Result<void> commit();
  // Leaves nothing behind.
  void discard();
  // Leaves all for a later run.
  void leave();

 private:
  // Bytes that are to be written at this offset.
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
  const std::string part_name_;   // in its folder
  const std::string state_name_;  // there, too
  const std::string path_;        // of the part, for messages
  std::optional<FileMark> replaced_;
  bool has_bytes_ = false;
  bool has_state_ = false;
  bool has_lost_bytes_ = false;  // a write failed, of bytes that its caller was told were taken
  Fd fd_;
};

}  // namespace quern::fetch

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "stages/fetch/resume_state.h"

namespace quern::fetch {

// The file beside a target that becomes it when it is complete. Not synced: it can be fetched again. One thread. What
// is written waits in memory until limits::kFetchWriteBytes of it lie together, as the network gives it in small
// pieces; so an error may be told by a later call.
class PartFile {
 public:
  // The pool is borrowed.
  PartFile(std::string target, BufferPool& buffers);

  bool is_open() const { return fd_.is_open(); }
  // Empty, whatever an earlier run left; its folder must be there.
  Result<void> open_new();
  // With the bytes that an earlier run left of an object of this ETag and size, if it did. False: it did not.
  bool open_old(const std::string& etag, std::uint64_t size_bytes, ResumeState& state);

  Result<void> write_at(std::uint64_t offset, std::string_view bytes);
  // Fewer only at the end of the file.
  Result<std::size_t> read_at(std::uint64_t offset, char* target, std::size_t count);
  Result<void> truncate();
  // For open_old() of a later run. One that was cut short by a crash is no state, as it ends with a line that says so.
  Result<void> save(const ResumeState& state);
  // The file is complete: it gets its name, over a file that may be there.
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

  BufferPool& buffers_;
  std::vector<Waiting> waiting_;
  const std::string target_;
  const std::string path_;
  const std::string state_path_;
  bool has_bytes_ = false;
  bool has_state_ = false;
  bool has_lost_bytes_ = false;  // a write failed, of bytes that its caller was told were taken
  Fd fd_;
};

}  // namespace quern::fetch

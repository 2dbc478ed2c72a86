#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"
#include "model/block.h"
#include "stages/output/output.h"

namespace quern::output {

// A file without a name, for bytes that wait on disk. The first append creates it in `folder`. Not thread-safe.
class ScratchFile {
 public:
  explicit ScratchFile(std::string folder) : folder_(std::move(folder)) {}

  // Returns the offset of the bytes, for copy(). Errors name the folder and explain how to choose another.
  Result<std::uint64_t> append(std::string_view bytes);
  // Writes the `size_bytes` bytes at `offset` to `target`.
  Result<void> copy(std::uint64_t offset, std::uint64_t size_bytes, ByteSink& target);
  // Frees the disk space of everything that was appended.
  Result<void> clear();

 private:
  Result<void> open();

  const std::string folder_;
  Fd fd_;
  std::uint64_t size_bytes_ = 0;
  std::string buffer_;
};

// The output of a map-only job, in input order, in whatever order blocks finish. Each sink belongs to one thread.
// Output that is not yet due waits in memory up to `memory_bytes`, then in a file in `scratch_folder`.
// One input is due at a time. Its blocks are written to the target as soon as their turn comes. The output of later
// inputs waits.
class OrderedOutput {
 public:
  OrderedOutput(ResultTarget& target, std::uint64_t memory_bytes, std::string scratch_folder);
  std::unique_ptr<BlockSink> sink();
  // Called once for each input, by any thread: declares that the `blocks` blocks with address.input == input are all
  // there will be (they may still be in work). A block of several inputs counts for its first one; the others have 0
  // blocks, and so has an input that failed. It may come before, between or after the blocks.
  Result<void> input_decoded(InputOrdinal input, std::uint32_t blocks);
  // Writes what still waits. To be called after all sinks are destroyed and every input was reported.
  Result<void> finish();

 private:
  class Sink;
  // The output of a block whose turn has not come.
  struct Waiting {
    Buffer bytes;                     // when in memory
    std::uint64_t offset = 0;         // when in the scratch file
    std::uint64_t spilled_bytes = 0;  // 0 when in memory
    std::uint64_t counted_bytes = 0;  // of the memory budget
  };

  // Small, because a million inputs may wait for the first one.
  struct InputState {
    std::uint32_t expected_blocks = 0;
    std::uint32_t arrived_blocks = 0;
    bool is_decoded = false;
  };

  Result<void> remember(Result<void> result);
  InputState& state_of(InputOrdinal input);
  Result<void> take(BlockOutput output);
  Result<void> keep(const BlockAddress& address, std::vector<Buffer> lines);
  Result<void> decoded(InputOrdinal input, std::uint32_t blocks);
  Result<void> advance();
  Result<bool> advance_one();
  Result<void> write_waiting();
  Result<void> write_lines(const std::vector<Buffer>& lines);
  Result<void> release(Waiting waiting);
  void leave_due_input();
  Result<void> check_complete() const;

  std::mutex mutex_;  // guards everything below
  ResultTarget& target_;
  const std::uint64_t memory_bytes_;
  ScratchFile scratch_;
  std::optional<Error> error_;  // the first one; nothing is written after it

  InputOrdinal due_ = 0;
  std::uint32_t next_block_ = 0;   // the number within the due input
  std::deque<InputState> states_;  // of the inputs from due_ on, as far as something is known about them
  std::map<BlockAddress, Waiting> waiting_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t spilled_blocks_ = 0;
};

}  // namespace quern::output

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/block.h"
#include "stages/output/output.h"
#include "stages/output/scratch_file.h"

namespace quern::output {

// The output of a map-only job, in input order, whatever the order in which blocks finish. Sinks belong to one thread
// each. What is not yet due waits in memory up to `memory_bytes`, then in a file in `scratch_folder`.
// One input is due at a time: its blocks go to the target as they come in their order, or, where the target cannot take
// bytes back, together when all are there. What belongs to later inputs waits.
class OrderedOutput {
 public:
  OrderedOutput(ResultTarget& target, std::uint64_t memory_bytes, std::string scratch_folder);
  std::unique_ptr<BlockSink> sink();
  // Any thread; once for each run of inputs that ended: the `blocks` blocks with address.input == input are all there
  // is for it (they may still be in work), or the input failed and what it gave is dropped. A block of several inputs
  // counts for its first one; the others have 0 blocks. Both may come before, between or after the blocks.
  Result<void> input_decoded(InputOrdinal input, std::uint32_t blocks);
  Result<void> input_failed(InputOrdinal input);
  // After all sinks are gone: writes what still waits. Every input must have been decoded or have failed by then.
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

  // Small, as a million inputs may wait behind the first.
  struct InputState {
    std::uint32_t expected_blocks = 0;
    std::uint32_t arrived_blocks = 0;
    bool is_decoded = false;
    bool has_failed = false;
  };

  Result<void> remember(Result<void> result);
  InputState& state_of(InputOrdinal input);
  Result<void> take(BlockOutput output);
  Result<void> keep(const BlockAddress& address, std::vector<Buffer> lines);
  Result<void> decoded(InputOrdinal input, std::uint32_t blocks);
  Result<void> failed(InputOrdinal input);
  Result<void> advance();
  Result<bool> advance_one();
  Result<void> write_waiting();
  Result<void> write_lines(const std::vector<Buffer>& lines);
  Result<void> release(Waiting waiting);
  Result<void> drop_waiting(InputOrdinal input);
  void leave_due_input();
  Result<void> check_complete() const;

  std::mutex mutex_;  // of all that follows
  ResultTarget& target_;
  const std::uint64_t memory_bytes_;
  ScratchFile scratch_;
  std::optional<Error> error_;  // the first; nothing more is written after it

  InputOrdinal due_ = 0;
  std::uint32_t next_block_ = 0;   // of the due input
  std::uint64_t due_begin_ = 0;    // where the due input's bytes begin in the target
  std::deque<InputState> states_;  // of the inputs from due_ on, as far as anything is known of them
  std::set<InputOrdinal> failed_;
  std::map<BlockAddress, Waiting> waiting_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t spilled_blocks_ = 0;
};

}  // namespace quern::output

#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/bytes.h"
#include "base/stream.h"
#include "model/input.h"

// The unit of work (docs/decisions/0002): decoded records that go to a child together, are committed together, and are
// sent again together.

namespace quern {

// Where a block stands among all blocks of a job. Blocks in address order are the inputs in input order.
struct BlockAddress {
  InputOrdinal input = 0;    // of its first record
  std::uint32_t number = 0;  // counted within that input
  auto operator<=>(const BlockAddress&) const = default;
};

// Lines of one input within a block. Where records are pairs, a line is one of them, which is two lines of its bytes.
struct Segment {
  InputOrdinal input = 0;
  std::uint64_t first_line = 1;  // in the decoded input, counted from 1
  std::uint64_t lines = 0;
  std::size_t size_bytes = 0;  // segments lie one behind the other in the block's bytes
};

// Where a line of a block comes from whose records were selected.
struct KeptLine {
  std::uint64_t number = 0;  // in the decoded input, counted from 1
  std::size_t offset = 0;    // of the line as it was, in Block::original
};

// Either a part of one input (one segment), or several whole inputs that are small and follow each other. Every line
// ends with '\n': the decoder adds the one that a file's last line may lack.
struct Block {
  BlockAddress address;
  std::vector<Segment> segments;
  Buffer bytes;
  std::size_t record_lines = 1;  // that a record is: two of a pair
  // Only where records were selected (`fields`, `where`). One for each line of `bytes`; none if the lines are as they
  // were decoded and none is missing.
  std::vector<KeptLine> kept;
  Buffer original;            // the decoded bytes, if `bytes` holds reduced records; else empty
  std::uint64_t dropped = 0;  // records that are mapped already, because `where` wants nothing to be done for them
};

// What a mapper gave for one block: pairs (model/pair.h) or, from a program and for a result, lines of text. Chunks
// end where a pair or line does.
struct BlockOutput {
  BlockAddress address;
  InputOrdinal last_input = 0;  // of the block's last segment, so that a packed block's inputs are known
  std::vector<Buffer> lines;
  bool is_certain = false;  // its inputs were read to their verified ends: nothing of it can stop to count any more
};

// Takes the output of finished blocks. Each mapper thread has a sink of its own.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  // May block (back-pressure). After an error the job cannot go on.
  virtual Result<void> commit(BlockOutput output) = 0;
};

// Gives the blocks of one input (or one run of small inputs), in order. Owned by one thread.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // False at the complete and verified end. An error means that the input failed: what it gave before does not count.
  virtual Result<bool> next(Block& block) = 0;
};

class EventSink;

// Deals out pieces of work, each a run of inputs. Any thread may call.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  // The number of a piece whose inputs can be read now; blocks until there is one. None: all are dealt out, or `stop`
  // was requested.
  virtual std::optional<std::size_t> next(const std::stop_token& stop) = 0;
};

// Consecutive inputs that one thread reads together.
struct InputRun {
  InputOrdinal first = 0;
  std::size_t count = 0;
};

// Opens inputs for the workers that read whole inputs themselves. Any thread may call; what it returns belongs to the
// caller's thread.
class InputOpener {
 public:
  virtual ~InputOpener() = default;
  // The blocks of one input. Says what happens to `events`, and returns a failure of the input as well.
  virtual std::unique_ptr<BlockSource> open_blocks(InputOrdinal input, EventSink& events) = 0;
  // Deals out `pieces`, each as soon as its inputs can be opened. One queue for each opener; it outlives the queue.
  virtual std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) = 0;
  // All inputs, in order, in runs: small ones together.
  virtual std::vector<InputRun> runs() const = 0;
  // The blocks of a run as they are decoded, no record selected. Says and returns failures as open_blocks does; of a
  // run of several inputs it only says them.
  virtual std::unique_ptr<BlockSource> open_run(const InputRun& run, EventSink& events) = 0;
  // The decoded bytes of one input, as they are; nullptr if it is stored uncompressed and can be read where it lies.
  virtual Result<std::unique_ptr<ByteSource>> open_bytes(InputOrdinal input) = 0;
  // kBadInput if the stored input has fewer bytes by now than when it was listed.
  virtual Result<void> check_size(InputOrdinal input) = 0;
};

}  // namespace quern

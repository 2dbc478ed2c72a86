#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/bytes.h"
#include "base/stream.h"
#include "model/input.h"

// Decoded records that are committed together (docs/decisions/0002). Children get them in units (0036).

namespace quern {

// The position of a block among all blocks of a job. Address order is the order of the inputs.
struct BlockAddress {
  InputOrdinal input = 0;    // of its first record
  std::uint32_t number = 0;  // counted within that input
  auto operator<=>(const BlockAddress&) const = default;
};

// Consecutive lines of one input within a block. If the records are pairs, one pair counts as one line here, although
// it takes two lines of bytes.
struct Segment {
  InputOrdinal input = 0;
  std::uint64_t first_line = 1;  // in the decoded input, counted from 1
  std::uint64_t lines = 0;
  std::size_t size_bytes = 0;  // segments are contiguous in the block's bytes
};

// The origin of a line in a block whose records were selected.
struct KeptLine {
  std::uint64_t number = 0;  // in the decoded input, counted from 1
  std::size_t offset = 0;    // of the original line in Block::original
};

// Either part of one input (one segment), or several small, consecutive inputs as a whole. Every line ends with '\n':
// the decoder adds the one that may be missing at the end of a file.
struct Block {
  BlockAddress address;
  std::vector<Segment> segments;
  Buffer bytes;
  std::size_t record_lines = 1;  // lines per record: two for a pair
  // Only if records were selected (`fields`, `where`): one entry for each line of `bytes`. Empty if no line was changed
  // or dropped.
  std::vector<KeptLine> kept;
  Buffer original;            // the decoded bytes if `bytes` holds reduced records; otherwise empty
  std::uint64_t dropped = 0;  // records that `where` rejected; they count as mapped
  // The size of what was decoded, if that is not `bytes`, because of a format, `fields` or `where`.
  std::optional<std::size_t> made_from_bytes = {};

  std::size_t decoded_bytes() const { return made_from_bytes.value_or(bytes.size()); }
};

// The output of a mapper for one block: pairs (model/pair.h), or lines of text if a program writes the result directly.
// A chunk ends where a pair or a line ends.
struct BlockOutput {
  BlockAddress address;
  InputOrdinal last_input = 0;  // of the block's last segment; shows which inputs a packed block has
  std::vector<Buffer> lines;
};

// Receives the output of finished blocks. Each mapper thread has its own sink.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  // May block (back-pressure). After an error the job cannot continue.
  virtual Result<void> commit(BlockOutput output) = 0;
};

// Returns the blocks of one input, or of one run of small inputs, in order. Not thread-safe.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Returns false at the complete, verified end. An error means that the input failed, or that a stop was requested.
  virtual Result<bool> next(Block& block) = 0;
};

class EventSink;

// Distributes pieces of work, each a run of inputs: in the order of the list if all inputs are local, else as they
// arrive. Thread-safe.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  // Returns the number of a piece whose inputs can be read now; blocks until there is one. Returns nullopt if all
  // pieces have been distributed or `stop` was requested.
  virtual std::optional<std::size_t> next(const std::stop_token& stop) = 0;
};

// Consecutive inputs that one thread reads together.
struct InputRun {
  InputOrdinal first = 0;
  std::size_t count = 0;
};

// Opens inputs for workers that read whole inputs themselves. Thread-safe; the calling thread owns what is returned.
class InputOpener {
 public:
  virtual ~InputOpener() = default;
  // Returns the blocks of one input. Reports progress to `events`; also returns the input's failure as an error.
  virtual std::unique_ptr<BlockSource> open_blocks(InputOrdinal input, EventSink& events) = 0;
  // Distributes `pieces`, each as soon as its inputs can be opened. Call it once per opener, which must outlive the
  // queue.
  virtual std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) = 0;
  // Returns all inputs in order, grouped into runs: small ones together.
  virtual std::vector<InputRun> runs() const = 0;
  // Returns the decoded blocks of a run, without selecting records. Reports and returns failures as open_blocks does;
  // for a run of several inputs it only reports them.
  virtual std::unique_ptr<BlockSource> open_run(const InputRun& run, EventSink& events,
                                                const std::stop_token& stop) = 0;
  // Returns the decoded bytes of one input, unchanged; nullptr if the input is stored uncompressed and can be read from
  // its own path.
  virtual Result<std::unique_ptr<ByteSource>> open_bytes(InputOrdinal input) = 0;
  // kBadInput if the stored input is now smaller than when it was listed.
  virtual Result<void> check_size(InputOrdinal input) = 0;
};

}  // namespace quern

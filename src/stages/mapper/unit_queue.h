#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "model/block.h"
#include "model/event.h"
#include "model/progress.h"
#include "stages/mapper/block_cutter.h"

namespace quern::mapper {

// What a mapper made of records: all that counts once they are done.
struct Mapped {
  std::vector<Buffer> lines;
  std::vector<event::RecordBad> bad;
  std::vector<event::Counted> counted;
  std::uint64_t lines_bytes = 0;
};

// Where a unit was cut from.
struct Origin {
  std::shared_ptr<struct CutBlock> block;  // null if the unit is a whole block
  std::size_t part = 0;                    // among the units of its block
};

// Records that are sent to a child at once: a block, or a part of one with the address of the whole.
struct Unit {
  Block block;
  std::uint64_t decoded_bytes = 0;  // its share of the block's; more than its bytes if records were selected
  Origin origin;
};

// A bounded queue of blocks between the decoders and the threads of the children, which take them in units. A unit
// grows from one record towards a whole block, so that a child works on it for about 0.1 s; when no more blocks
// come, it is at most a part of what is left (docs/decisions/0036). The outputs of a block's units are joined in the
// order of their records, so nothing behind the children sees how a block was cut.
//
// Thread-safe, for any number of producers and consumers.
class UnitQueue {
 public:
  struct Options {
    std::size_t blocks = 1;         // that may wait
    std::size_t processes = 1;      // children at once
    std::size_t least_records = 1;  // of a unit: as many as a child works on at once
  };

  // `event` is from make_event(). Borrows the pool.
  UnitQueue(Options options, Fd event, BufferPool& pool, Clock now = std::chrono::steady_clock::now);
  ~UnitQueue();
  UnitQueue(const UnitQueue&) = delete;
  UnitQueue& operator=(const UnitQueue&) = delete;

  // Blocks while the queue is full. Returns false, and drops the block, if `stop` was requested.
  bool push(Block block, const std::stop_token& stop);
  // No block will come any more.
  void close();

  // Never blocks. Returns nullopt if no unit is waiting.
  std::optional<Unit> try_take();
  // Blocks until there is a unit; for a thread without a child only until one more child is worth its start: blocks
  // queue up, or a child takes long. Returns nullopt if the queue is finished or `stop` was requested.
  std::optional<Unit> take(bool needs_child, const std::stop_token& stop);
  // Whether no unit will ever come out again.
  bool is_finished() const;
  // Readable while try_take() would return a unit, and when the queue is finished.
  int readable_fd() const { return readable_.number(); }
  // Whether units take so little time that a child would wait for the next one if it did not have it already.
  bool has_short_units() const;

  // A child begins a unit; a child has finished one. `time` is nullopt if it says nothing about the records, because
  // children died on them or got them a second time.
  void begin();
  void end(std::size_t unit_bytes, std::optional<std::chrono::nanoseconds> time);

  // What counts of a block from now on.
  struct Joined {
    // Bad records and counters, in the order of the records: a unit's, once it and those before it are done. Lines, all
    // of them, once the block is complete; lines_bytes is the size of those until now.
    Mapped mapped;
    bool is_complete = false;
    InputOrdinal last_input = 0;  // of the whole block
  };
  // Adds what was made of a unit to what was made of the others of its block.
  Joined join(const Origin& origin, const Block& block, Mapped mapped);

 private:
  std::optional<Unit> cut();
  std::size_t next_bytes() const;
  std::size_t waiting_bytes() const;
  bool is_worth_a_child() const;
  double seconds_of(std::size_t bytes) const;
  void change();

  const Options options_;
  const Fd readable_;
  BufferPool& pool_;
  const Clock now_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable_any not_full_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  std::deque<BlockCutter> blocks_;
  bool closed_ = false;
  std::shared_ptr<CutBlock> front_;  // null while the first block is whole
  std::size_t grown_bytes_ = 0;      // the most that a unit may have by now
  double bytes_ = 0;                 // of units, and the seconds that they took; earlier ones count less
  double seconds_ = 0;
  std::size_t in_work_ = 0;                              // units that children work on
  std::chrono::steady_clock::time_point last_change_{};  // when one began alone, or when one was done
};

}  // namespace quern::mapper

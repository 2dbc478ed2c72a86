#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/shuffle/run_file.h"

namespace quern::shuffle {

// Decompresses the blocks of one thread's cursors until it is stopped.
class BlockUnpacker {
 public:
  explicit BlockUnpacker(std::stop_token stop) : stop_(std::move(stop)) {}
  bool is_stopped() const { return stop_.stop_requested(); }
  ZSTD_DCtx* get() const { return decompressor_.get(); }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* decompressor) const { ZSTD_freeDCtx(decompressor); }
  };
  const std::stop_token stop_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_{ZSTD_createDCtx()};
};

// A MergedGroups cursor over one partition of a run, segment by segment, with two buffers of a block each and one for a
// value that crosses blocks. Borrows the run. Not thread-safe; blocks on the disk. Fails if the run is
// damaged or unreadable, or reading is stopped.
class RunCursor {
 public:
  RunCursor(const RunFile& run, std::size_t partition, std::shared_ptr<BlockUnpacker> unpacker)
      : run_(&run),
        unpacker_(std::move(unpacker)),
        offset_(run.sections[partition].offset),
        end_(offset_ + run.sections[partition].size_bytes) {}

  // Skips the remaining values of this segment and moves to the next one. False at the end.
  Result<bool> next_group();
  std::string_view key() const { return key_; }
  // The address of the current segment.
  BlockAddress rank() const { return address_; }
  std::uint64_t values_left() const { return values_left_; }
  Result<bool> next_value();
  std::string_view value() const { return value_; }

 private:
  Result<void> read_segment();
  Result<void> read_key();
  Result<std::uint64_t> take_number();
  Result<std::uint64_t> take_number_over_the_edge();
  Result<std::string_view> take(std::size_t size_bytes);
  Result<void> skip(std::size_t size_bytes);
  // Reads the next block. Fails with "damaged" if there is none.
  Result<void> next_block();
  Result<void> read_exactly(char* target, std::size_t size_bytes);
  Error damaged(std::string_view how) const;

  const RunFile* run_;
  std::shared_ptr<BlockUnpacker> unpacker_;
  std::uint64_t offset_;
  std::uint64_t end_;
  std::string stored_;
  std::string raw_;
  std::size_t used_ = 0;
  std::string across_;  // a value or key that crosses blocks
  std::string key_;
  BlockAddress address_;
  std::uint64_t values_left_ = 0;
  std::string_view value_;
};

// Returns the groups of one partition of these runs, which it borrows. Not thread-safe; blocks on the disk.
std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::stop_token& stop);

// Merges the segments of all partitions of these runs into one new run.
Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options);

}  // namespace quern::shuffle

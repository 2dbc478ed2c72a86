#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/block.h"

// Sorted runs on disk: docs/formats/sorted-run.md.

namespace quern::shuffle {

// Where the records of one partition lie in a run.
struct RunSection {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

// A finished run. Its file has no name, so it is gone when this is, however quern ends. Any number of threads may read.
struct RunFile {
  Fd fd;
  std::string folder;  // for messages
  std::vector<RunSection> sections;
  std::size_t block_bytes = 0;
  std::uint64_t size_bytes = 0;
};

struct RunOptions {
  std::string folder;
  std::size_t partitions = 1;
  std::size_t block_bytes = 0;  // of one block before it is compressed
  std::stop_token stop;         // Writing looks at it for each block.
};

// Writes one run. Owned by one thread; blocks on the disk. An error is kNoSpace, and says how to choose another folder,
// where the disk is full.
class RunWriter {
 public:
  // Fails with kNoSpace at once if the folder has less room than `least_room_bytes`.
  static Result<RunWriter> make(RunOptions options, std::uint64_t least_room_bytes);

  // `count` values of a key that come from one block, then exactly so many calls of add_value(). Within a partition
  // keys are in order, and the segments of a key in the order of their addresses.
  Result<void> begin_segment(std::string_view key, BlockAddress address, std::uint64_t count);
  Result<void> add_value(std::string_view value);
  // To be called after the last segment of each partition.
  Result<void> end_partition();
  Result<RunFile> finish();

 private:
  struct FreeCompressor {
    void operator()(ZSTD_CCtx* compressor) const { ZSTD_freeCCtx(compressor); }
  };

  RunWriter(RunOptions options, Fd fd) : options_(std::move(options)), fd_(std::move(fd)) {}
  Result<void> append(std::string_view bytes);
  Result<void> append_number(std::uint64_t number);
  Result<void> flush();

  RunOptions options_;
  Fd fd_;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor_{ZSTD_createCCtx()};
  std::string raw_;  // of the block that is being filled
  std::string stored_;
  std::string last_key_;
  bool has_key_ = false;  // in this partition
  std::uint64_t size_bytes_ = 0;
  std::vector<RunSection> sections_;
};

}  // namespace quern::shuffle

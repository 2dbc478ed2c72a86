#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/block.h"

// Sorted runs on disk: docs/formats/sorted-run.md.

// The parts of that format that writer and reader share.
namespace quern::shuffle::run_format {

inline constexpr int kLevel = 1;  // of zstd: runs are written once and read once
inline constexpr std::size_t kHeaderBytes = 16;

// Precedes each block. In this machine's byte order, as runs never leave the machine.
struct BlockHeader {
  std::uint32_t raw_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t checksum = 0;  // XXH3 of the payload
};
static_assert(sizeof(BlockHeader) == kHeaderBytes);

inline void put_header(char* target, const BlockHeader& header) { std::memcpy(target, &header, sizeof header); }
inline BlockHeader get_header(const char* source) {
  BlockHeader header;
  std::memcpy(&header, source, sizeof header);
  return header;
}

}  // namespace quern::shuffle::run_format

namespace quern::shuffle {

// Where the records of one partition are in a run.
struct RunSection {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

// A finished run. Its file has no name, so it disappears with this object, however quern ends. Any number of threads
// may read it.
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
  std::size_t block_bytes = 0;  // of one block, before compression
  std::stop_token stop;         // checked once for each block written
};

// Writes one run. Not thread-safe; blocks on the disk. If the disk is full, fails with kNoSpace and a message that
// explains how to choose another folder.
class RunWriter {
 public:
  // Fails with kNoSpace immediately if the folder has less than `least_room_bytes` free.
  static Result<RunWriter> make(RunOptions options, std::uint64_t least_room_bytes);

  // Begins `count` values of a key that come from one block; exactly `count` calls of add_value() must follow. Within a
  // partition, keys must be in order, and so must the addresses of a key's segments.
  Result<void> begin_segment(std::string_view key, BlockAddress address, std::uint64_t count);
  Result<void> add_value(std::string_view value);
  // Must be called after the last segment of each partition.
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
  std::string raw_;  // of the block being filled
  std::string stored_;
  std::string last_key_;
  bool has_key_ = false;  // whether this partition has a key yet
  std::uint64_t size_bytes_ = 0;
  std::vector<RunSection> sections_;
};

}  // namespace quern::shuffle

#include <lzma.h>

#include <array>
#include <cstddef>
#include <utility>

#include "stages/decode/parts.h"

// Splits an .xz file into its blocks, which it finds by the index at the end of the file. A part gets a header, an
// index and a footer of its own, so that it is a small .xz file: decoding it verifies each block's checksum and that
// the sizes match the index. The index itself, and everything between the streams, is verified here before any block is
// read.

namespace quern::decode {
namespace {

// The most that the index of an .xz file may take in memory; a file with a larger one is decoded by one thread.
constexpr std::size_t kXzIndexBytes = 64 * limits::kMiB;

using Found = PartSplitter::Found;

struct FreeIndex {
  void operator()(lzma_index* index) const { lzma_index_end(index, nullptr); }
};
using Index = std::unique_ptr<lzma_index, FreeIndex>;

struct EndStream {
  void operator()(lzma_stream* stream) const { lzma_end(stream); }
};

std::uint8_t* as_bytes(char* text) { return reinterpret_cast<std::uint8_t*>(text); }

// Returns the index of all streams in the file, or null if anything is wrong with it.
Result<Index> read_index(StoredSource& source) {
  TRY_ASSIGN(std::uint64_t size, source.size());
  lzma_index* index = nullptr;
  lzma_stream stream = LZMA_STREAM_INIT;
  std::unique_ptr<lzma_stream, EndStream> ends(&stream);
  lzma_ret status = lzma_file_info_decoder(&stream, &index, kXzIndexBytes, size);
  std::array<char, 16 * limits::kKiB> buffer;
  while (status == LZMA_OK) {
    if (stream.avail_in == 0) {
      TRY_ASSIGN(stream.avail_in, source.read(buffer));
      stream.next_in = as_bytes(buffer.data());
      if (stream.avail_in == 0) break;
    }
    status = lzma_code(&stream, LZMA_RUN);
    if (status != LZMA_SEEK_NEEDED) continue;
    TRY(source.seek(stream.seek_pos));
    stream.avail_in = 0;
    status = LZMA_OK;
  }
  return Index(status == LZMA_STREAM_END ? index : nullptr);
}

class XzSplitter final : public PartSplitter {
 public:
  XzSplitter(Index index, StoredSource& source, const PartLimits& limits)
      : index_(std::move(index)), source_(source), limits_(limits) {
    lzma_index_iter_init(&block_, index_.get());
    go_to_next_block();
  }

  Result<Found> next(Part& part) override {
    if (is_ended_) return Found::kEnd;
    lzma_stream_flags flags = *block_.stream.flags;
    std::uint64_t offset = block_.block.compressed_file_offset;
    Index records(lzma_index_init(nullptr));
    if (records == nullptr || !join_blocks(*records)) return Found::kNone;
    std::uint64_t stored = lzma_index_total_size(records.get());
    flags.backward_size = lzma_index_size(records.get());
    part.stored.resize(LZMA_STREAM_HEADER_SIZE + stored + flags.backward_size + LZMA_STREAM_HEADER_SIZE);
    part.most_decoded_bytes = lzma_index_uncompressed_size(records.get());
    part.end = is_ended_ ? lzma_index_file_size(index_.get()) : offset + stored;
    std::span<char> bytes(part.stored.data(), part.stored.size());
    TRY_ASSIGN(bool is_read, read_blocks(offset, bytes.subspan(LZMA_STREAM_HEADER_SIZE, stored)));
    return is_read && wrap(bytes, flags, *records) ? Found::kPart : Found::kNone;
  }

 private:
  void go_to_next_block() { is_ended_ = lzma_index_iter_next(&block_, LZMA_INDEX_ITER_BLOCK) != 0; }

  // Collects as many of the next blocks as make a part. Returns false if the next block cannot be one.
  bool join_blocks(lzma_index& records) {
    const lzma_vli stream = block_.stream.number;
    while (!is_ended_ && block_.stream.number == stream) {
      std::uint64_t decoded = lzma_index_uncompressed_size(&records);
      std::uint64_t stored = lzma_index_total_size(&records);
      if (decoded >= limits_.joined_bytes || stored >= limits_.joined_bytes) break;
      if (block_.block.uncompressed_size > limits_.most_bytes - decoded) break;
      if (block_.block.total_size > limits_.most_bytes - stored) break;
      if (lzma_index_append(&records, nullptr, block_.block.unpadded_size, block_.block.uncompressed_size) != LZMA_OK)
        return false;
      go_to_next_block();
    }
    return lzma_index_block_count(&records) > 0;
  }

  Result<bool> read_blocks(std::uint64_t offset, std::span<char> target) {
    TRY(source_.seek(offset));
    while (!target.empty()) {
      TRY_ASSIGN(std::size_t count, source_.read(target));
      if (count == 0) return false;
      target = target.subspan(count);
    }
    return true;
  }

  static bool wrap(std::span<char> part, const lzma_stream_flags& flags, const lzma_index& records) {
    std::uint8_t* bytes = as_bytes(part.data());
    std::size_t index_at = part.size() - LZMA_STREAM_HEADER_SIZE - flags.backward_size;
    std::size_t index_end = index_at;
    return lzma_stream_header_encode(&flags, bytes) == LZMA_OK &&
           lzma_index_buffer_encode(&records, bytes, &index_end, part.size()) == LZMA_OK &&
           lzma_stream_footer_encode(&flags, bytes + index_end) == LZMA_OK;
  }

  const Index index_;
  StoredSource& source_;
  const PartLimits limits_;
  lzma_index_iter block_{};
  bool is_ended_ = false;
};

// Without this check, a block that is too large would be noticed late, after much was decoded in vain.
bool has_only_parts(const lzma_index& index, const PartLimits& limits) {
  lzma_index_iter block;
  lzma_index_iter_init(&block, &index);
  while (lzma_index_iter_next(&block, LZMA_INDEX_ITER_BLOCK) == 0) {
    if (block.block.uncompressed_size > limits.most_bytes || block.block.total_size > limits.most_bytes) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<PartSplitter>> make_xz_splitter(StoredSource& source, const PartLimits& limits) {
  TRY_ASSIGN(Index index, read_index(source));
  if (index == nullptr || !has_only_parts(*index, limits)) return std::unique_ptr<PartSplitter>();
  return std::unique_ptr<PartSplitter>(std::make_unique<XzSplitter>(std::move(index), source, limits));
}

}  // namespace quern::decode

#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "stages/decode/codec.h"
#include "stages/decode/stored_parts.h"

// The two formats of liblzma: .xz, whose checks are verified, and the older .lzma, which has no checksum. For .lzma
// only the length (if the header has one) and the final state of the range coder are verified.

namespace quern::decode {
namespace {

enum class Format { kXz, kLzma };

class LzmaCodec final : public Codec {
 public:
  LzmaCodec(Format format, std::size_t memory_bytes) : format_(format), memory_bytes_(memory_bytes) {}
  LzmaCodec(const LzmaCodec&) = delete;
  LzmaCodec& operator=(const LzmaCodec&) = delete;
  ~LzmaCodec() override { lzma_end(&stream_); }

  Result<void> reset() override {
    streams_ = 0;
    return begin_stream();
  }

  Result<void> decode(Work& work) override {
    if (is_complete_) {
      TRY(end_stream(work));
      if (work.stored.empty()) return {};
      TRY(begin_stream());
    }
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(work.stored.data());
    stream_.avail_in = work.stored.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(work.target.data());
    stream_.avail_out = work.target.size();
    lzma_ret status = lzma_code(&stream_, work.is_last ? LZMA_FINISH : LZMA_RUN);
    work.stored = work.stored.last(stream_.avail_in);
    work.target = work.target.last(stream_.avail_out);
    if (status == LZMA_STREAM_END) {
      is_complete_ = true;
      ++streams_;
    }
    // LZMA_BUF_ERROR only means that no progress was possible, which the caller notices.
    if (status == LZMA_OK || status == LZMA_STREAM_END || status == LZMA_BUF_ERROR) return {};
    return error_of(status);
  }

  bool is_complete() const override { return is_complete_; }
  std::string_view piece() const override { return "stream"; }

 private:
  Result<void> begin_stream() {
    is_complete_ = false;
    padding_bytes_ = 0;
    // Initialising a stream again keeps its dictionary if the size allows it.
    lzma_ret status = format_ == Format::kXz ? lzma_stream_decoder(&stream_, memory_bytes_, LZMA_TELL_UNSUPPORTED_CHECK)
                                             : lzma_alone_decoder(&stream_, memory_bytes_);
    if (status != LZMA_OK) return error_of(status);
    return {};
  }

  // Consumes the padding after an .xz stream: zeros in multiples of four bytes. Whatever follows begins another stream.
  // liblzma can do this itself, but reports garbage only once it has as many bytes as a header.
  Result<void> end_stream(Work& work) {
    if (format_ == Format::kXz) {
      auto other = std::find_if(work.stored.begin(), work.stored.end(), [](char byte) { return byte != 0; });
      const auto count = static_cast<std::size_t>(other - work.stored.begin());
      work.stored = work.stored.subspan(count);
      padding_bytes_ += count;
    }
    const bool is_whole = padding_bytes_ % 4 == 0;
    if (work.stored.empty() && (is_whole || !work.is_last)) return {};
    if (format_ == Format::kXz && is_whole && work.stored.front() == '\xfd') return {};
    return garbage_after(piece());
  }

  Error error_of(lzma_ret status) const {
    switch (status) {
      case LZMA_MEM_ERROR:
        return out_of_memory();
      case LZMA_MEMLIMIT_ERROR:
        return bad_data(fmt::format("the data needs {} of memory to decode, and the limit is {}",
                                    format_bytes(lzma_memusage(&stream_)), format_bytes(memory_bytes_)));
      case LZMA_FORMAT_ERROR:
        if (streams_ > 0) return garbage_after(piece());
        return bad_data(fmt::format("this is not {} data", format_ == Format::kXz ? "xz" : "lzma"));
      case LZMA_OPTIONS_ERROR:
        return bad_data("the header asks for something that this version of liblzma does not know");
      case LZMA_UNSUPPORTED_CHECK:
        return bad_data("the data is protected by a kind of checksum that this version of liblzma cannot verify");
      default:
        // liblzma reports both with the same code.
        return bad_data(format_ == Format::kXz
                            ? "the compressed data is damaged, its checksum does not match, or garbage follows it"
                            : "the compressed data is damaged");
    }
  }

  const Format format_;
  const std::size_t memory_bytes_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool is_complete_ = false;
  std::size_t padding_bytes_ = 0;  // after the last complete stream
  std::uint64_t streams_ = 0;      // complete ones
};

Result<std::unique_ptr<Codec>> make(Format format, std::size_t memory_bytes) {
  return std::unique_ptr<Codec>(std::make_unique<LzmaCodec>(format, memory_bytes));
}

}  // namespace

Result<std::unique_ptr<Codec>> make_xz_codec(std::size_t memory_bytes) { return make(Format::kXz, memory_bytes); }
Result<std::unique_ptr<Codec>> make_lzma_codec(std::size_t memory_bytes) { return make(Format::kLzma, memory_bytes); }

// Splits an .xz file into its blocks, which it finds by the index at the end of the file. A part gets a header, an
// index and a footer of its own, so that it is a small .xz file: decoding it verifies each block's checksum and that
// the sizes match the index. The index itself, and everything between the streams, is verified here before any block is
// read.

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

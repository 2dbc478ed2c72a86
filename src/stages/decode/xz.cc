#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "stages/decode/codec.h"

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

}  // namespace quern::decode

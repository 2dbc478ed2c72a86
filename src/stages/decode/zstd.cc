#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

#include "base/bytes.h"
#include "base/coding.h"
#include "stages/decode/codec.h"
#include "stages/decode/stored_parts.h"

namespace quern::decode {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdCodec final : public Codec {
 public:
  ZstdCodec(std::unique_ptr<ZSTD_DCtx, FreeContext> context, std::size_t memory_bytes)
      : context_(std::move(context)), memory_bytes_(memory_bytes) {}

  Result<void> reset() override {
    frames_ = 0;
    is_complete_ = true;
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    return {};
  }

  Result<void> decode(Work& work) override {
    // A frame is complete only once all of it was written; a call without bytes would begin the next one.
    if (work.stored.empty() && is_complete_) return {};
    ZSTD_inBuffer in{work.stored.data(), work.stored.size(), 0};
    ZSTD_outBuffer out{work.target.data(), work.target.size(), 0};
    std::size_t status = ZSTD_decompressStream(context_.get(), &out, &in);
    work.stored = work.stored.subspan(in.pos);
    work.target = work.target.subspan(out.pos);
    if (ZSTD_isError(status) != 0) return error_of(status);
    is_complete_ = status == 0;
    if (is_complete_) ++frames_;
    return {};
  }

  bool is_complete() const override { return is_complete_; }
  std::string_view piece() const override { return "frame"; }

 private:
  Error error_of(std::size_t status) const {
    switch (ZSTD_getErrorCode(status)) {
      case ZSTD_error_prefix_unknown:
        return frames_ > 0 ? garbage_after("frame") : bad_data("this is not zstd data");
      case ZSTD_error_frameParameter_windowTooLarge:
        return bad_data(
            fmt::format("the data needs a window above the limit of {}; compress it again with a smaller --long",
                        format_bytes(memory_bytes_)));
      case ZSTD_error_checksum_wrong:
        return bad_data("the checksum does not match the data");
      case ZSTD_error_dictionary_wrong:
        return bad_data("the data needs a dictionary; compress it again without one");
      case ZSTD_error_memory_allocation:
        return out_of_memory();
      default:
        return bad_data(fmt::format("the compressed data is damaged ({})", ZSTD_getErrorName(status)));
    }
  }

  const std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  const std::size_t memory_bytes_;
  std::uint64_t frames_ = 0;
  bool is_complete_ = true;
};

}  // namespace

Result<std::unique_ptr<Codec>> make_zstd_codec(std::size_t memory_bytes) {
  std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) return out_of_memory();
  auto window_log = static_cast<int>(std::bit_width(memory_bytes)) - 1;
  if (ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log)) != 0) {
    return Error{.kind = ErrorKind::kInternal, .message = fmt::format("libzstd refuses a window of 2^{}", window_log)};
  }
  return std::unique_ptr<Codec>(std::make_unique<ZstdCodec>(std::move(context), memory_bytes));
}

// Finds the end of a zstd frame (RFC 8878): its blocks have length fields, so it need not be decoded.

namespace {

constexpr std::uint64_t kMagic = 0xfd2fb528;
constexpr std::uint64_t kSkippableMagic = 0x184d2a50;  // and the 15 values after it
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kMostHeaderBytes = 18;
constexpr std::size_t kBlockHeaderBytes = 3;
constexpr std::size_t kMostBlockBytes = 128 * limits::kKiB;
constexpr std::size_t kChecksumBytes = 4;

struct FrameHeader {
  std::size_t size_bytes = 0;
  std::optional<std::uint64_t> decoded_bytes;
  bool has_checksum = false;
};

// `bytes` must begin after the magic.
std::optional<FrameHeader> parse_header(std::string_view bytes) {
  constexpr std::array<std::size_t, 4> kDictionaryIdBytes = {0, 1, 2, 4};
  constexpr std::array<std::size_t, 4> kContentSizeBytes = {0, 2, 4, 8};
  if (bytes.empty()) return std::nullopt;
  auto descriptor = static_cast<unsigned char>(bytes[0]);
  bool is_single_segment = (descriptor & 0x20) != 0;
  std::size_t content_bytes = kContentSizeBytes.at(descriptor >> 6);
  if (content_bytes == 0 && is_single_segment) content_bytes = 1;
  std::size_t window_bytes = is_single_segment ? 0 : 1;
  std::size_t content_at = 1 + window_bytes + kDictionaryIdBytes.at(descriptor & 3);
  if (bytes.size() < content_at + content_bytes) return std::nullopt;
  FrameHeader header{.size_bytes = kMagicBytes + content_at + content_bytes, .has_checksum = (descriptor & 4) != 0};
  if (content_bytes > 0) {
    header.decoded_bytes = little_endian(bytes.substr(content_at, content_bytes)) + (content_bytes == 2 ? 256 : 0);
  }
  return header;
}

}  // namespace

Result<std::optional<Piece>> find_zstd_frame(StoredWindow& window, std::size_t at, const PartLimits& limits) {
  constexpr std::uint64_t kReservedBlock = 3;
  constexpr std::uint64_t kRepeatedByte = 1;
  TRY_ASSIGN(std::string_view ahead, window.peek(at + kMostHeaderBytes));
  std::string_view head = ahead.substr(at);
  std::uint64_t magic = little_endian(head.substr(0, kMagicBytes));
  if (head.size() < 2 * kMagicBytes) return std::optional<Piece>();
  if ((magic & 0xfffffff0U) == kSkippableMagic) {
    return std::optional<Piece>({.stored_bytes = 2 * kMagicBytes + little_endian(head.substr(kMagicBytes, 4))});
  }
  if (magic != kMagic) return std::optional<Piece>();
  auto header = parse_header(head.substr(kMagicBytes));
  if (!header.has_value() || header->decoded_bytes.value_or(0) > limits.most_bytes) return std::optional<Piece>();
  std::size_t size = header->size_bytes;
  std::size_t most_decoded = 0;
  bool is_last = false;
  while (!is_last) {
    TRY_ASSIGN(ahead, window.peek(at + size + kBlockHeaderBytes));
    if (ahead.size() < at + size + kBlockHeaderBytes) return std::optional<Piece>();
    std::uint64_t block = little_endian(ahead.substr(at + size, kBlockHeaderBytes));
    is_last = (block & 1) != 0;
    std::uint64_t type = block >> 1 & 3;
    size += kBlockHeaderBytes + (type == kRepeatedByte ? 1 : block >> 3);
    most_decoded += kMostBlockBytes;
    bool is_too_long = size > limits.most_bytes || (!header->decoded_bytes && most_decoded > limits.most_bytes);
    if (type == kReservedBlock || is_too_long) return std::optional<Piece>();
  }
  if (header->has_checksum) size += kChecksumBytes;
  return std::optional<Piece>(
      {.stored_bytes = size, .most_decoded_bytes = header->decoded_bytes.value_or(most_decoded)});
}

}  // namespace quern::decode

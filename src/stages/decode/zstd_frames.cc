#include <algorithm>
#include <array>

#include "base/coding.h"
#include "stages/decode/parts.h"

// Finds the end of a zstd frame (RFC 8878): its blocks have length fields, so it need not be decoded.

namespace quern::decode {
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

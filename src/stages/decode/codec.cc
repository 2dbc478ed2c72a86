#include "stages/decode/codec.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/coding.h"
#include "model/compression.h"
#include "stages/decode/decode.h"

namespace quern::decode {

using namespace std::string_view_literals;

Result<std::unique_ptr<Codec>> make_codec(Compression compression, std::size_t memory_bytes) {
  switch (compression) {
    case Compression::kGzip:
      return make_gzip_codec();
    case Compression::kXz:
      return make_xz_codec(memory_bytes);
    case Compression::kLzma:
      return make_lzma_codec(memory_bytes);
    case Compression::kZstd:
      return make_zstd_codec(memory_bytes);
    case Compression::kBzip2:
      return make_bzip2_codec();
    case Compression::kLz4:
      return make_lz4_codec();
    case Compression::kBrotli:
      return make_brotli_codec();
    case Compression::kNone:
      break;
  }
  return Error{.kind = ErrorKind::kInternal, .message = "there is no codec for data that is not compressed"};
}

Error bad_data(std::string reason) { return {.kind = ErrorKind::kBadInput, .message = std::move(reason)}; }

Error garbage_after(std::string_view piece) {
  return bad_data("bytes that are not part of the compressed data follow the last " + std::string(piece));
}

Error out_of_memory() {
  return {.kind = ErrorKind::kNoSpace, .message = "there is not enough memory for the decoder; run fewer at a time"};
}

namespace {

bool is_skippable_frame(std::string_view bytes) {
  return bytes.size() >= 4 && (number_at<std::uint32_t>(bytes) & 0xfffffff0U) == 0x184d2a50U;
}

// "BZh9" alone may begin a line of text. In a bzip2 file the mark of a block, or of the end, follows.
bool is_bzip2(std::string_view bytes) {
  if (bytes.size() < 10 || !bytes.starts_with("BZh") || bytes[3] < '1' || bytes[3] > '9') return false;
  std::string_view mark = bytes.substr(4, 6);
  return mark == "\x31\x41\x59\x26\x53\x59"sv || mark == "\x17\x72\x45\x38\x50\x90"sv;
}

// The .lzma form has no magic. Like file(1) and xz, this accepts a header if each field has a value that encoders
// write. Text is never accepted: the 14th byte of a stream is 0.
bool is_lzma(std::string_view bytes) {
  constexpr std::size_t kHeaderBytes = 13;
  if (bytes.size() <= kHeaderBytes || bytes[kHeaderBytes] != 0) return false;
  if (static_cast<unsigned char>(bytes[0]) >= 225) return false;
  const auto dictionary = number_at<std::uint32_t>(bytes, 1);
  // A power of two, or three times one: 2^n + 2^(n-1).
  std::uint32_t odd_part = dictionary == 0 ? 0 : dictionary >> std::countr_zero(dictionary);
  if (dictionary != 0xffffffffU && odd_part != 1 && odd_part != 3) return false;
  const auto decoded = number_at<std::uint64_t>(bytes, 5);
  return decoded == ~std::uint64_t{0} || decoded < std::uint64_t{1} << 38;
}

}  // namespace

Compression detect(std::string_view first_bytes, std::string_view name) {
  const Compression named = compression_of_name(name);
  // Brotli has no magic bytes, and its first two may be those of gzip.
  if (named == Compression::kBrotli) return named;
  if (first_bytes.starts_with("\xfd\x37\x7a\x58\x5a\x00"sv)) return Compression::kXz;
  if (first_bytes.starts_with("\x1f\x8b"sv)) return Compression::kGzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::kZstd;
  if (first_bytes.starts_with("\x04\x22\x4d\x18"sv)) return Compression::kLz4;
  // This is the legacy format: its decoder refuses it and explains why.
  if (first_bytes.starts_with("\x02\x21\x4c\x18"sv)) return Compression::kLz4;
  if (is_bzip2(first_bytes)) return Compression::kBzip2;
  if (is_skippable_frame(first_bytes)) return named == Compression::kLz4 ? Compression::kLz4 : Compression::kZstd;
  if (is_lzma(first_bytes)) return Compression::kLzma;
  return named;
}

}  // namespace quern::decode

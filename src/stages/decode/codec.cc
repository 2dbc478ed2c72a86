#include "stages/decode/codec.h"

#include <utility>

namespace quern::decode {

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

}  // namespace quern::decode

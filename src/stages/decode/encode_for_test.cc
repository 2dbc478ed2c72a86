#include "stages/decode/encode_for_test.h"

#include <brotli/encode.h>
#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zstd.h>

#include <cstdint>
#include <cstring>

#include "base/result.h"

namespace quern::decode {
namespace {

constexpr std::size_t kRoomBytes = 65536;

const std::uint8_t* as_bytes(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

std::string encode_gzip(std::string_view text) {
  std::string stored(text.size() + text.size() / 8 + kRoomBytes, '\0');
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = const_cast<std::uint8_t*>(as_bytes(text));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(stored.data());
  stream.avail_out = static_cast<std::uint32_t>(stored.size());
  CHECK(isal_deflate_stateless(&stream) == COMP_OK);
  stored.erase(stored.size() - stream.avail_out);
  return stored;
}

std::string run_lzma(lzma_stream stream, std::string_view text) {
  std::string stored(text.size() * 2 + kRoomBytes, '\0');
  stream.next_in = as_bytes(text);
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<std::uint8_t*>(stored.data());
  stream.avail_out = stored.size();
  CHECK(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
  stored.resize(stream.total_out);
  lzma_end(&stream);
  return stored;
}

std::string encode_xz(std::string_view text) {
  lzma_stream stream = LZMA_STREAM_INIT;
  CHECK(lzma_easy_encoder(&stream, 0, LZMA_CHECK_CRC64) == LZMA_OK);
  return run_lzma(stream, text);
}

std::string encode_xz_blocks(const std::vector<std::string>& texts) {
  lzma_stream stream = LZMA_STREAM_INIT;
  CHECK(lzma_easy_encoder(&stream, 0, LZMA_CHECK_CRC64) == LZMA_OK);
  std::string stored;
  std::string room(kRoomBytes, '\0');
  auto run = [&](lzma_action action, lzma_ret end) {
    lzma_ret status = LZMA_OK;
    while (status == LZMA_OK) {
      stream.next_out = reinterpret_cast<std::uint8_t*>(room.data());
      stream.avail_out = room.size();
      status = lzma_code(&stream, action);
      stored.append(room, 0, room.size() - stream.avail_out);
    }
    CHECK(status == end);
  };
  for (const std::string& text : texts) {
    stream.next_in = as_bytes(text);
    stream.avail_in = text.size();
    run(LZMA_FULL_FLUSH, LZMA_STREAM_END);
  }
  run(LZMA_FINISH, LZMA_STREAM_END);
  lzma_end(&stream);
  return stored;
}

// Encodes one member, with the field that holds its length.
std::string encode_bgzf(std::string_view text) {
  std::string member = encode_gzip(text);
  std::string_view extra(
      "\x06\x00"
      "BC\x02\x00??",
      8);
  member[3] = 4;
  member.insert(10, extra);
  member[16] = static_cast<char>((member.size() - 1) & 0xff);
  member[17] = static_cast<char>((member.size() - 1) >> 8);
  return member;
}

std::string encode_bzip2(std::string_view text) {
  std::string stored(text.size() * 2 + kRoomBytes, '\0');
  auto length = static_cast<unsigned>(stored.size());
  int status = BZ2_bzBuffToBuffCompress(stored.data(), &length, const_cast<char*>(text.data()),
                                        static_cast<unsigned>(text.size()), 1, 0, 0);
  CHECK(status == BZ_OK);
  stored.resize(length);
  return stored;
}

std::string encode_lz4(std::string_view text) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  std::string stored(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  std::size_t length = LZ4F_compressFrame(stored.data(), stored.size(), text.data(), text.size(), &preferences);
  CHECK(LZ4F_isError(length) == 0);
  stored.resize(length);
  return stored;
}

std::string encode_brotli(std::string_view text) {
  std::string stored(BrotliEncoderMaxCompressedSize(text.size()), '\0');
  std::size_t length = stored.size();
  CHECK(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, text.size(), as_bytes(text), &length,
                              reinterpret_cast<std::uint8_t*>(stored.data())) == BROTLI_TRUE);
  stored.resize(length);
  return stored;
}

}  // namespace

std::string encode_zstd(std::string_view text, int window_log) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  // Without the length in the header, the requested window is written.
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, window_log == 0 ? 1 : 0);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string stored(ZSTD_compressBound(text.size()), '\0');
  ZSTD_outBuffer out{stored.data(), stored.size(), 0};
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  CHECK(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue) <= ZSTD_CStreamInSize() * 2);
  CHECK(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  stored.resize(out.pos);
  ZSTD_freeCCtx(context);
  return stored;
}

std::string encode_lzma(std::string_view text, bool has_length) {
  lzma_options_lzma options;
  CHECK(lzma_lzma_preset(&options, 0) == 0);
  lzma_stream stream = LZMA_STREAM_INIT;
  CHECK(lzma_alone_encoder(&stream, &options) == LZMA_OK);
  std::string stored = run_lzma(stream, text);
  // liblzma always writes an end mark and no length. Decoders also accept an end mark after the announced length.
  std::uint64_t length = text.size();
  if (has_length) std::memcpy(stored.data() + 5, &length, sizeof length);
  return stored;
}

std::string encode_parts(Compression compression, const std::vector<std::string>& texts) {
  if (compression == Compression::kXz) return encode_xz_blocks(texts);
  std::string stored;
  for (const std::string& text : texts) {
    stored += compression == Compression::kGzip ? encode_bgzf(text) : encode(compression, text);
  }
  return stored;
}

std::string encode(Compression compression, std::string_view text) {
  switch (compression) {
    case Compression::kGzip:
      return encode_gzip(text);
    case Compression::kXz:
      return encode_xz(text);
    case Compression::kLzma:
      return encode_lzma(text, false);
    case Compression::kZstd:
      return encode_zstd(text, 0);
    case Compression::kBzip2:
      return encode_bzip2(text);
    case Compression::kLz4:
      return encode_lz4(text);
    case Compression::kBrotli:
      return encode_brotli(text);
    case Compression::kNone:
      break;
  }
  return std::string(text);
}

}  // namespace quern::decode

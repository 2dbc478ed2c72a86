#include "stages/output/encoder.h"

#include <fcntl.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

namespace quern::output {
namespace {

constexpr int kZstdLevel = 3;
constexpr int kGzipLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // the largest window, with a header and a trailer of gzip
constexpr int kGzipMemory = 8;
constexpr std::uint32_t kXzPreset = 6;

Error no_encoder(std::string_view format) {
  return {.kind = ErrorKind::kNoSpace, .message = std::string(format) + ": there is no memory to compress the result"};
}

class ZstdEncoder final : public Encoder {
 public:
  Result<void> begin() {
    if (context_ == nullptr) return no_encoder("zstd");
    CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel)) == 0);
    CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1)) == 0);
    packed_.resize(::ZSTD_CStreamOutSize());
    return {};
  }

  Result<void> add(std::string_view bytes, bool is_last, ByteSink& target) override {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    while (true) {
      ZSTD_outBuffer out{.dst = packed_.data(), .size = packed_.size(), .pos = 0};
      std::size_t left = ::ZSTD_compressStream2(context_.get(), &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left) != 0) {
        return Error{.kind = ErrorKind::kInternal, .message = std::string("zstd: ") + ::ZSTD_getErrorName(left)};
      }
      TRY(target.write({packed_.data(), out.pos}));
      if (is_last ? left == 0 : in.pos == in.size) return {};
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context_{::ZSTD_createCCtx()};
  Buffer packed_;
};

class GzipEncoder final : public Encoder {
 public:
  GzipEncoder() { packed_.resize(limits::kReadBytes); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  ~GzipEncoder() override { ::deflateEnd(&stream_); }

  Result<void> begin() {
    const int begun = ::deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY);
    return begun == Z_OK ? Result<void>() : no_encoder("gzip");
  }

  Result<void> add(std::string_view bytes, bool is_last, ByteSink& target) override {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    while (bytes.size() > kMost) {
      TRY(add_piece(bytes.substr(0, kMost), Z_NO_FLUSH, target));
      bytes.remove_prefix(kMost);
    }
    return add_piece(bytes, is_last ? Z_FINISH : Z_NO_FLUSH, target);
  }

 private:
  Result<void> add_piece(std::string_view bytes, int flush, ByteSink& target) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (true) {
      stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
      stream_.avail_out = static_cast<uInt>(packed_.size());
      const int status = ::deflate(&stream_, flush);
      CHECK(status != Z_STREAM_ERROR);
      TRY(target.write({packed_.data(), packed_.size() - stream_.avail_out}));
      if (flush == Z_FINISH ? status == Z_STREAM_END : stream_.avail_out > 0) return {};
    }
  }

  z_stream stream_ = {};
  Buffer packed_;
};

class XzEncoder final : public Encoder {
 public:
  XzEncoder() { packed_.resize(limits::kReadBytes); }
  XzEncoder(const XzEncoder&) = delete;
  XzEncoder& operator=(const XzEncoder&) = delete;
  ~XzEncoder() override { ::lzma_end(&stream_); }

  Result<void> begin() {
    return ::lzma_easy_encoder(&stream_, kXzPreset, LZMA_CHECK_CRC64) == LZMA_OK ? Result<void>() : no_encoder("xz");
  }

  Result<void> add(std::string_view bytes, bool is_last, ByteSink& target) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    while (true) {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(packed_.data());
      stream_.avail_out = packed_.size();
      const lzma_ret status = ::lzma_code(&stream_, is_last ? LZMA_FINISH : LZMA_RUN);
      if (status == LZMA_MEM_ERROR) return no_encoder("xz");
      CHECK(status == LZMA_OK || status == LZMA_STREAM_END || status == LZMA_BUF_ERROR);
      TRY(target.write({packed_.data(), packed_.size() - stream_.avail_out}));
      if (is_last ? status == LZMA_STREAM_END : stream_.avail_in == 0 && stream_.avail_out > 0) return {};
    }
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  Buffer packed_;
};

template <typename Made>
Result<std::unique_ptr<Encoder>> begun() {
  auto encoder = std::make_unique<Made>();
  TRY(encoder->begin());
  return std::unique_ptr<Encoder>(std::move(encoder));
}

}  // namespace

bool can_encode(Compression compression) {
  return compression == Compression::kGzip || compression == Compression::kZstd || compression == Compression::kXz;
}

Result<std::unique_ptr<Encoder>> make_encoder(Compression compression) {
  CHECK(can_encode(compression));
  if (compression == Compression::kGzip) return begun<GzipEncoder>();
  if (compression == Compression::kZstd) return begun<ZstdEncoder>();
  return begun<XzEncoder>();
}

Result<TaskPart> compress_part(const std::string& path, const std::string& folder, const std::string& name) {
  const std::string target = folder + "/" + name;
  TRY_ASSIGN(Fd source, open_file(path, O_RDONLY));
  TRY_ASSIGN(auto file, disk::AtomicFile::create(target));
  TRY_ASSIGN(auto encoder, make_encoder(Compression::kZstd));
  TaskPart part{.name = name};
  Buffer buffer;
  buffer.resize(limits::kReadBytes);
  while (true) {
    auto count = read_some(source, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    TRY(encoder->add({buffer.data(), count.value()}, count.value() == 0, *file));
    if (count.value() == 0) break;
    part.decoded_bytes += count.value();
  }
  TRY(file->commit());
  // Reads the file back, so that the digest is that of the bytes that will be uploaded.
  TRY_ASSIGN(disk::FileDigest digest, disk::digest_of_file(target));
  part.bytes = digest.bytes;
  part.sha256 = std::move(digest.sha256);
  return part;
}

}  // namespace quern::output

#include <fcntl.h>
#include <zstd.h>

#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/file_digest.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

namespace quern::output {
namespace {

// Compresses as fast as a disk writes, to about a quarter of the size.
constexpr int kLevel = 3;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};

class Compressor {
 public:
  explicit Compressor(ByteSink& target) : target_(target) {
    CHECK(context_ != nullptr);
    CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel)) == 0);
    CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1)) == 0);
    packed_.resize(::ZSTD_CStreamOutSize());
  }

  Result<void> add(std::string_view bytes, bool is_last) {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    while (true) {
      ZSTD_outBuffer out{.dst = packed_.data(), .size = packed_.size(), .pos = 0};
      std::size_t left = ::ZSTD_compressStream2(context_.get(), &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left) != 0) {
        return Error{.kind = ErrorKind::kInternal, .message = std::string("zstd: ") + ::ZSTD_getErrorName(left)};
      }
      TRY(target_.write({packed_.data(), out.pos}));
      if (is_last ? left == 0 : in.pos == in.size) return {};
    }
  }

 private:
  ByteSink& target_;
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context_{::ZSTD_createCCtx()};
  Buffer packed_;
};

}  // namespace

Result<TaskPart> compress_part(const std::string& path, const std::string& folder, const std::string& name) {
  const std::string target = folder + "/" + name;
  TRY_ASSIGN(Fd source, open_file(path, O_RDONLY));
  TRY_ASSIGN(auto file, disk::AtomicFile::create(target));
  Compressor compressor(*file);
  TaskPart part{.name = name};
  Buffer buffer;
  buffer.resize(limits::kReadBytes);
  while (true) {
    auto count = read_some(source, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    TRY(compressor.add({buffer.data(), count.value()}, count.value() == 0));
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

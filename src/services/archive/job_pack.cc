#include "services/archive/job_pack.h"

#include <fmt/format.h>
#include <zstd.h>

#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"

namespace quern::archive {
namespace {

// Packs are made once and travel with every task of a job, so this is the highest level that does not need more memory
// to decompress.
constexpr int kLevel = 19;

Error not_a_pack(std::string_view why) { return bad_input(fmt::format("it is not a packed job: {}", why)); }

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};

}  // namespace

std::string text_of(std::string_view bytes) {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context(::ZSTD_createCCtx());
  CHECK(context != nullptr);
  CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel)) == 0);
  CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1)) == 0);
  std::string packed(::ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size = ::ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
  CHECK(::ZSTD_isError(size) == 0);
  packed.resize(size);
  return base64_encode(packed);
}

Result<std::string> bytes_of(std::string_view text, std::size_t most_bytes) {
  auto packed = base64_decode(text);
  if (!packed.has_value()) return not_a_pack("it is not base64, or its end was cut off");
  unsigned long long size = ::ZSTD_getFrameContentSize(packed->data(), packed->size());
  if (size == ZSTD_CONTENTSIZE_ERROR) return not_a_pack("within base64 there is no zstd");
  // Frames that quern writes include their size.
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) return not_a_pack("it does not say how large it is");
  if (size > most_bytes) {
    return not_a_pack(fmt::format("it comes to {}, and {} are allowed", format_bytes(size), format_bytes(most_bytes)));
  }
  std::string bytes(size, '\0');
  std::size_t count = ::ZSTD_decompress(bytes.data(), bytes.size(), packed->data(), packed->size());
  if (::ZSTD_isError(count) != 0) return not_a_pack(fmt::format("it is damaged: {}", ::ZSTD_getErrorName(count)));
  if (count != size) return not_a_pack("it is damaged: it is shorter than it says");
  return bytes;
}

}  // namespace quern::archive

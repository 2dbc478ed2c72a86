#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <bit>
#include <memory>

#include "base/bytes.h"
#include "stages/decode/codec.h"

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

}  // namespace quern::decode

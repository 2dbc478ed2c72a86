#include <lz4frame.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "stages/decode/codec.h"

namespace quern::decode {
namespace {

constexpr std::array<char, 4> kLegacyMagic = {0x02, 0x21, 0x4c, 0x18};

class Lz4Codec final : public Codec {
 public:
  explicit Lz4Codec(LZ4F_dctx* context) : context_(context) {}
  Lz4Codec(const Lz4Codec&) = delete;
  Lz4Codec& operator=(const Lz4Codec&) = delete;
  ~Lz4Codec() override { LZ4F_freeDecompressionContext(context_); }

  Result<void> reset() override {
    LZ4F_resetDecompressionContext(context_);
    frames_ = 0;
    is_complete_ = true;
    first_bytes_ = 0;
    return {};
  }

  Result<void> decode(Work& work) override {
    if (work.stored.empty() && is_complete_) return {};
    if (is_complete_ && frames_ > 0 && !may_begin_frame(work.stored.front())) return garbage_after(piece());
    TRY(refuse_legacy(work.stored));
    std::size_t used = work.stored.size();
    std::size_t given = work.target.size();
    std::size_t status = LZ4F_decompress(context_, work.target.data(), &given, work.stored.data(), &used, nullptr);
    if (LZ4F_isError(status) != 0) return error_of(status);
    work.stored = work.stored.subspan(used);
    work.target = work.target.subspan(given);
    is_complete_ = status == 0;
    if (is_complete_) ++frames_;
    return {};
  }

  bool is_complete() const override { return is_complete_; }
  std::string_view piece() const override { return "frame"; }

 private:
  // The first byte of the magic number of a frame or of a skippable frame.
  static bool may_begin_frame(char first) { return first == '\x04' || (first & 0xf0) == 0x50; }

  // `lz4 -l` (the Linux kernel's form) has neither checksums nor an end mark: a truncated file would not be noticed.
  Result<void> refuse_legacy(std::span<const char> stored) {
    std::size_t more = std::min(kLegacyMagic.size() - first_bytes_, stored.size());
    if (more == 0) return {};
    std::memcpy(first_.data() + first_bytes_, stored.data(), more);
    first_bytes_ += more;
    if (first_bytes_ < first_.size() || first_ != kLegacyMagic) return {};
    return bad_data("this is lz4's legacy format, which has no checksums; compress it again without -l");
  }

  Error error_of(std::size_t status) const {
    std::string_view name = LZ4F_getErrorName(status);
    if (name == "ERROR_frameType_unknown") {
      return frames_ > 0 ? garbage_after("frame") : bad_data("this is not lz4 data");
    }
    if (name == "ERROR_allocation_failed") return out_of_memory();
    if (name.find("hecksum") != std::string_view::npos) return bad_data("a checksum does not match the data");
    return bad_data("the compressed data is damaged (" + std::string(name) + ")");
  }

  LZ4F_dctx* const context_;
  std::uint64_t frames_ = 0;
  bool is_complete_ = true;
  std::array<char, 4> first_{};
  std::size_t first_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Codec>> make_lz4_codec() {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) return out_of_memory();
  return std::unique_ptr<Codec>(std::make_unique<Lz4Codec>(context));
}

}  // namespace quern::decode

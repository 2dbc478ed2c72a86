#include <brotli/decode.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stages/decode/codec.h"

namespace quern::decode {
namespace {

struct EndDecoder {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

// A file is one stream (RFC 7932), which has neither magic bytes nor a checksum.
class BrotliCodec final : public Codec {
 public:
  // libbrotli cannot reset a decoder.
  Result<void> reset() override {
    state_.reset(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
    has_output_ = false;
    return state_ == nullptr ? Result<void>(out_of_memory()) : Result<void>();
  }

  Result<void> decode(Work& work) override {
    if (is_complete()) return work.stored.empty() ? Result<void>() : garbage_after(piece());
    const auto* in = reinterpret_cast<const std::uint8_t*>(work.stored.data());
    auto* out = reinterpret_cast<std::uint8_t*>(work.target.data());
    std::size_t left = work.stored.size();
    std::size_t room = work.target.size();
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(state_.get(), &left, &in, &room, &out, nullptr);
    has_output_ = has_output_ || room < work.target.size();
    work.stored = work.stored.last(left);
    work.target = work.target.last(room);
    return result == BROTLI_DECODER_RESULT_ERROR ? Result<void>(error()) : Result<void>();
  }

  bool is_complete() const override { return BrotliDecoderIsFinished(state_.get()) != BROTLI_FALSE; }
  std::string_view piece() const override { return "stream"; }

 private:
  Error error() const {
    const BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state_.get());
    if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code > BROTLI_DECODER_ERROR_UNREACHABLE) {
      return out_of_memory();
    }
    if (!has_output_) return bad_data("this is not Brotli data");
    const std::string_view name = BrotliDecoderErrorString(code);
    return bad_data("the compressed data is damaged (" + std::string(name) + ")");
  }

  std::unique_ptr<BrotliDecoderState, EndDecoder> state_;
  bool has_output_ = false;
};

}  // namespace

Result<std::unique_ptr<Codec>> make_brotli_codec() { return std::unique_ptr<Codec>(std::make_unique<BrotliCodec>()); }

}  // namespace quern::decode

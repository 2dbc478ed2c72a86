#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/stream.h"
#include "model/input.h"
#include "model/job.h"
#include "stages/decode/decode.h"
#include "stages/decode/decoder.h"
#include "stages/decode/parallel_decoder.h"

namespace quern::decode {

// Opens the stored bytes of an input of the list: those of a run's supply, or a test's memory.
using OpenStored = std::function<Result<std::unique_ptr<StoredSource>>(InputOrdinal, const InputView&)>;

// The decoded bytes of one input after another. Decoders and their buffers are kept for the next input, and an input
// that is not compressed is read directly into the caller's memory. So a million small files cost no allocation of
// buffers.
class InputStream {
 public:
  // With more than one thread, large inputs that have independent parts are decoded in parallel.
  InputStream(OpenStored open, const DecodeOptions& options)
      : open_(std::move(open)),
        compression_(options.compression),
        threads_(options.threads),
        is_prompt_(options.is_prompt) {}

  // `input` must stay valid until it is closed.
  Result<void> open(InputOrdinal ordinal, const InputView& input);
  // As ByteSource::read.
  Result<std::size_t> read(std::span<char> target);
  void close();

  // How many bytes of the stored input were consumed, and how many decoded bytes were returned.
  std::uint64_t stored_bytes() const { return decoder_ == nullptr ? decoded_bytes_ : decoder_->stored_bytes(); }
  std::uint64_t decoded_bytes() const { return decoded_bytes_; }
  // Whether what has come must not wait for more: a pipe, with is_prompt.
  bool is_live() const { return is_live_; }
  bool is_decoded() const { return decoder_ != nullptr; }  // whether it was compressed; valid after the first read

 private:
  Result<std::size_t> read_first(std::span<char> target);
  Result<std::size_t> read_next(std::span<char> target);
  Result<void> start_decoder(Compression compression, std::string_view first_bytes);
  bool start_parallel(Compression compression);

  static constexpr std::size_t kSniffedBytes = 64;  // more than detect() needs

  const OpenStored open_;
  const std::optional<Compression> compression_;
  const std::size_t threads_;
  const bool is_prompt_;
  std::array<std::unique_ptr<Decoder>, kCompressions> decoders_;
  std::unique_ptr<ParallelDecoder> parallel_;
  InputOrdinal ordinal_ = 0;
  const InputView* input_ = nullptr;
  std::unique_ptr<StoredSource> stored_;  // until a decoder has taken it over
  InputDecoder* decoder_ = nullptr;       // null if not compressed, or not known yet
  bool is_first_read_ = false;
  bool is_live_ = false;
  std::array<char, kSniffedBytes> sniffed_{};
  std::span<const char> sniffed_left_;  // bytes of the first read that did not fit into its small target
  std::uint64_t decoded_bytes_ = 0;
};

}  // namespace quern::decode

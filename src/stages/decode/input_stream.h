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
#include "stages/decode/decoder.h"
#include "stages/decode/parallel_decoder.h"

namespace quern::decode {

// Where the stored bytes of an input come from: open_stored_file, or a test's memory.
using OpenStored = std::function<Result<std::unique_ptr<StoredSource>>(const Input&)>;

// The decoded bytes of one input after the other. Decoders and their buffers are kept for the next input, and an input
// that is not compressed is read straight to where the caller wants it: a million small files cost no allocation of
// buffers.
class InputStream {
 public:
  // With more than one thread, a large input that has independent parts is decoded by so many.
  InputStream(OpenStored open, std::optional<Compression> compression, std::size_t threads)
      : open_(std::move(open)), compression_(compression), threads_(threads) {}

  Result<void> open(const Input& input);
  // As ByteSource::read.
  Result<std::size_t> read(std::span<char> target);
  void close();

  // How much of the stored input is used, and how many bytes it gave.
  std::uint64_t stored_bytes() const { return decoder_ == nullptr ? decoded_bytes_ : decoder_->stored_bytes(); }
  std::uint64_t decoded_bytes() const { return decoded_bytes_; }
  bool is_decoded() const { return decoder_ != nullptr; }  // after the first read: it was compressed

 private:
  Result<std::size_t> read_first(std::span<char> target);
  Result<std::size_t> read_next(std::span<char> target);
  Result<void> start_decoder(Compression compression, std::string_view first_bytes);
  bool start_parallel(Compression compression);

  static constexpr std::size_t kSniffedBytes = 64;  // more than detect() looks at
  static constexpr std::size_t kFormats = 7;

  const OpenStored open_;
  const std::optional<Compression> compression_;
  const std::size_t threads_;
  std::array<std::unique_ptr<Decoder>, kFormats> decoders_;
  std::unique_ptr<ParallelDecoder> parallel_;
  const Input* input_ = nullptr;
  std::unique_ptr<StoredSource> stored_;  // until a decoder has taken it over
  InputDecoder* decoder_ = nullptr;       // none: not compressed, or not known yet
  bool is_first_read_ = false;
  std::array<char, kSniffedBytes> sniffed_{};
  std::span<const char> sniffed_left_;  // what a first read found that its small target could not take
  std::uint64_t decoded_bytes_ = 0;
};

}  // namespace quern::decode

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/stream.h"
#include "model/job.h"
#include "stages/decode/codec.h"

namespace quern::decode {

// The decoded bytes of one stored file.
class InputDecoder : public ByteSource {
 public:
  // Closes the stored file, but keeps the memory.
  virtual void close() = 0;
  // How many stored bytes are decoded so far. Never decreases.
  virtual std::uint64_t stored_bytes() const = 0;
};

// Drives a Codec over a stored file: reads it in pieces, tracks offsets, words errors. Can be started again for another
// file of the same format, reusing its memory.
class Decoder final : public InputDecoder {
 public:
  static Result<std::unique_ptr<Decoder>> make(Compression compression, std::size_t memory_bytes);

  // `first_bytes` are bytes that were already read from `stored`.
  Result<void> start(std::unique_ptr<ByteSource> stored, std::string_view first_bytes);
  Result<std::size_t> read(std::span<char> target) override;
  void close() override { stored_.reset(); }
  std::uint64_t stored_bytes() const override { return offset_; }

 private:
  Decoder(Compression compression, std::unique_ptr<Codec> codec)
      : compression_(compression), codec_(std::move(codec)) {}
  Result<void> refill();
  Result<std::size_t> end_of_nothing() const;
  Result<std::size_t> finish() const;
  Error explain(Error error) const;

  const Compression compression_;
  const std::unique_ptr<Codec> codec_;
  std::unique_ptr<ByteSource> stored_;
  Buffer buffer_;
  std::span<const char> window_;  // the part of buffer_ that is not decoded yet
  std::uint64_t offset_ = 0;      // of the window in the stored file
  bool is_last_ = false;          // nothing follows the window in the stored file
};

}  // namespace quern::decode

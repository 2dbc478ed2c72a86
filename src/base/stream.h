#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

// Byte streams. Not thread-safe; calls may block on the underlying file, connection or process.

namespace quern {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills part of `target` (never empty) and returns the number of bytes. 0 means the end of complete, verified data.
  virtual Result<std::size_t> read(std::span<char> target) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Writes all of `bytes`, or fails.
  virtual Result<void> write(std::string_view bytes) = 0;
};

// For tests: a text as a source that returns at most `piece_bytes` with each read.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece_bytes = std::string::npos)
      : text_(std::move(text)), piece_bytes_(piece_bytes) {}
  Result<std::size_t> read(std::span<char> target) override {
    std::size_t count = std::min({target.size(), piece_bytes_, text_.size() - used_});
    std::copy_n(text_.data() + used_, count, target.data());
    used_ += count;
    return count;
  }

 private:
  const std::string text_;
  const std::size_t piece_bytes_;
  std::size_t used_ = 0;
};

}  // namespace quern

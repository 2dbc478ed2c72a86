#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

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

}  // namespace quern

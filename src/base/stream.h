#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

// Bytes that flow. Owned by one thread at a time; calls may block on whatever stands behind them.

namespace quern {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills a part of `target` (never empty) and returns how much; 0 means the end, and only a complete, verified end.
  virtual Result<std::size_t> read(std::span<char> target) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Takes all of `bytes`, or fails.
  virtual Result<void> write(std::string_view bytes) = 0;
};

}  // namespace quern

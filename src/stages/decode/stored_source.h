#pragma once

#include <cstdint>

#include "base/stream.h"

namespace quern::decode {

// A stored file: its bytes from the start to the end, or on from where the reader asks.
class StoredSource : public ByteSource {
 public:
  // In bytes. Fails for what has no size, such as a pipe.
  virtual Result<std::uint64_t> size() = 0;
  // The next read begins `offset` bytes behind the start of the file. Fails for a pipe.
  virtual Result<void> seek(std::uint64_t offset) = 0;
};

}  // namespace quern::decode

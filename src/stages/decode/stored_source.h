#pragma once

#include <cstdint>

#include "base/stream.h"

namespace quern::decode {

// A stored file: its bytes from the start, or from where the reader seeks, to the end.
class StoredSource : public ByteSource {
 public:
  // The size in bytes. Fails if there is none, as for a pipe.
  virtual Result<std::uint64_t> size() = 0;
  // Makes the next read begin at `offset`. Fails for a pipe.
  virtual Result<void> seek(std::uint64_t offset) = 0;
};

}  // namespace quern::decode

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"

namespace quern::output {

// A file without a name, for bytes that wait on disk. The first append creates it in `folder`. Not thread-safe.
class ScratchFile {
 public:
  explicit ScratchFile(std::string folder) : folder_(std::move(folder)) {}

  // Returns the offset of the bytes, for copy(). Errors name the folder and explain how to choose another.
  Result<std::uint64_t> append(std::string_view bytes);
  // Writes the `size_bytes` bytes at `offset` to `target`.
  Result<void> copy(std::uint64_t offset, std::uint64_t size_bytes, ByteSink& target);
  // Frees the disk space of everything that was appended.
  Result<void> clear();

 private:
  Result<void> open();

  const std::string folder_;
  Fd fd_;
  std::uint64_t size_bytes_ = 0;
  std::string buffer_;
};

}  // namespace quern::output

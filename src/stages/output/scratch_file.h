#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"

namespace quern::output {

// A nameless file for bytes that wait on disk. Made in `folder` by the first append. Used by one thread at a time.
class ScratchFile {
 public:
  explicit ScratchFile(std::string folder) : folder_(std::move(folder)) {}

  // Where the bytes lie, for copy(). An error names the folder and how to choose another.
  Result<std::uint64_t> append(std::string_view bytes);
  // Writes the `size_bytes` bytes at `offset` to `target`.
  Result<void> copy(std::uint64_t offset, std::uint64_t size_bytes, ByteSink& target);
  // Gives the disk space back: nothing that was appended is needed any more.
  Result<void> clear();

 private:
  Result<void> open();

  const std::string folder_;
  Fd fd_;
  std::uint64_t size_bytes_ = 0;
  std::string buffer_;
};

}  // namespace quern::output

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
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

// Looks ahead in stored bytes that are read once, from start to end. Not thread-safe; peek() blocks on the disk.
class StoredWindow {
 public:
  // `source` is borrowed and must be at its start.
  explicit StoredWindow(ByteSource& source) : source_(source) {}

  // Returns the bytes from offset() on: at least `bytes` of them, or all that are left. Valid until the next call.
  Result<std::string_view> peek(std::size_t bytes);
  // Moves offset() forward by `bytes` bytes, which must have been returned by peek().
  void skip(std::size_t bytes);
  std::uint64_t offset() const { return offset_; }

 private:
  Result<void> read_until(std::size_t bytes);

  ByteSource& source_;
  Buffer buffer_;
  std::size_t start_ = 0;  // where the bytes that are not skipped begin in buffer_
  std::uint64_t offset_ = 0;
  bool is_ended_ = false;
};

}  // namespace quern::decode

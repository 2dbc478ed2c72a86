#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/stream.h"

namespace quern::decode {

// Looks ahead in stored bytes that are read once, from start to end. Owned by one thread; peek() blocks on the disk.
class StoredWindow {
 public:
  // `source` is borrowed and stands at its start.
  explicit StoredWindow(ByteSource& source) : source_(source) {}

  // The bytes behind offset(): at least `bytes` of them, or all that are left. Valid until the next call.
  Result<std::string_view> peek(std::size_t bytes);
  // Goes on behind `bytes` bytes that were peeked at.
  void skip(std::size_t bytes);
  std::uint64_t offset() const { return offset_; }

 private:
  Result<void> read_until(std::size_t bytes);

  ByteSource& source_;
  Buffer buffer_;
  std::size_t start_ = 0;  // of what is not skipped in buffer_
  std::uint64_t offset_ = 0;
  bool is_ended_ = false;
};

}  // namespace quern::decode

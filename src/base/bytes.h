#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern {

// Returns a size for people, in decimal units as disks and networks count: "1.5 GB".
std::string format_bytes(std::uint64_t bytes);
// Parses "1GiB", "512MiB", "10 MB", "4096" or "1.5GiB" into bytes. K, M, G and T alone mean KiB, MiB, GiB and TiB.
// kBadConfig if `text` is not a size.
Result<std::uint64_t> parse_bytes(std::string_view text);

// A growable array of bytes that does not write to new memory before the caller does: on a small virtual machine the
// first touch of a page is the most expensive operation. Move-only; a moved-from buffer is empty.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() = default;

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {bytes_.get(), size_}; }

  // New bytes are not initialised. Growing past the capacity at least doubles it.
  void resize(std::size_t size) {
    if (size > capacity_) reserve(std::max(size, capacity_ * 2));
    size_ = size;
  }
  void reserve(std::size_t capacity);
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    const std::size_t used = size_;
    resize(used + bytes.size());
    std::memcpy(bytes_.get() + used, bytes.data(), bytes.size());
  }
  void push_back(char byte) { append({&byte, 1}); }
  void clear() { size_ = 0; }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Keeps emptied buffers for reuse. Thread-safe; neither function blocks for long.
class BufferPool {
 public:
  // Keeps at most `most_kept` buffers; buffers above `largest_kept_bytes` are freed.
  BufferPool(std::size_t most_kept, std::size_t largest_kept_bytes)
      : most_kept_(most_kept), largest_kept_bytes_(largest_kept_bytes) {}
  // Returns an empty buffer with at least this capacity.
  Buffer take(std::size_t capacity);
  void give(Buffer buffer);

 private:
  const std::size_t most_kept_;
  const std::size_t largest_kept_bytes_;
  std::mutex mutex_;
  std::vector<Buffer> kept_;
};

}  // namespace quern

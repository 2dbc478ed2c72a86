#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/byte_search.h"
#include "base/bytes.h"

namespace quern::formats {

// What must be escaped in a JSON text.
inline constexpr ByteSearch kEscaped("\"\\", {.at_controls = true});

// Appends JSON to a buffer, which has the written bytes when the writer is gone. Most bytes of most records pass
// through here, so what is short is inline and copied in pieces of a fixed size.
class JsonWriter {
 public:
  // Bytes that must be readable after a text for add_padded().
  static constexpr std::size_t kPadding = 16;

  // `target` is borrowed.
  explicit JsonWriter(Buffer& target) : target_(target) { take_room(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  ~JsonWriter() { target_.resize(size()); }

  std::size_t size() const { return static_cast<std::size_t>(at_ - target_.data()); }
  // The bytes from `begin` on; valid until more is added.
  std::string_view since(std::size_t begin) const { return {target_.data() + begin, size() - begin}; }
  // Takes back everything after `size`.
  void cut(std::size_t size) { at_ = target_.data() + size; }

  void add(char byte) {
    if (at_ == limit_) grow(1);
    *at_++ = byte;
  }
  void add(std::string_view bytes) {
    if (room() < bytes.size()) grow(bytes.size());
    std::copy(bytes.begin(), bytes.end(), at_);
    at_ += bytes.size();
  }
  // The same for bytes that are followed by kPadding readable ones: quicker if they are few.
  void add_padded(std::string_view bytes) {
    if (room() < bytes.size() + kPadding) grow(bytes.size() + kPadding);
    for (std::size_t done = 0; done < bytes.size(); done += kPadding) {
      std::memcpy(at_ + done, bytes.data() + done, kPadding);
    }
    at_ += bytes.size();
  }
  void add_line_ends(std::size_t count) {
    if (room() < count) grow(count);
    std::fill_n(at_, count, '\n');
    at_ += count;
  }

  // Adds the bytes of [from, end) before the first stop as they are, and returns where that is.
  const char* add_until(const ByteSearch& stops, const char* from, const char* end) {
    while (end - from >= 8) {
      if (room() < 8) grow(8);
      std::memcpy(at_, from, 8);
      const std::size_t before = stops.before_stop(from);
      at_ += before;
      from += before;
      if (before < 8) return from;
    }
    for (; from != end && !stops.is_stop(*from); ++from) add(*from);
    return from;
  }

  // Adds a byte as it is written in a text of JSON.
  void add_escaped(char byte);
  // Adds a text without its quotes.
  void add_text(std::string_view text) {
    const char* end = text.data() + text.size();
    for (const char* at = text.data();; ++at) {
      at = add_until(kEscaped, at, end);
      if (at == end) return;
      add_escaped(*at);
    }
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(limit_ - at_); }
  void take_room() {
    const std::size_t used = target_.size();
    target_.resize(std::max(target_.capacity(), used + kPadding));
    at_ = target_.data() + used;
    limit_ = target_.data() + target_.size();
  }
  void grow(std::size_t bytes);

  Buffer& target_;
  char* at_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace quern::formats

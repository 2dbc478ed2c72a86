#pragma once

#include <string.h>

#include <string>
#include <string_view>
#include <utility>

namespace quern {

// Bytes that must not be seen: they are wiped on destruction, never logged, and never converted to text by accident.
// Each copy is one more place to wipe, so copying is explicit. Not thread-safe.
class Secret {
 public:
  Secret() = default;
  // Takes over the bytes and wipes their original place.
  explicit Secret(std::string&& bytes) : bytes_(bytes.begin(), bytes.end()) { wipe(bytes); }
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  Secret copy() const { return Secret(std::string(bytes_)); }
  // Valid as long as this object. Do not store it elsewhere.
  std::string_view reveal() const { return bytes_; }
  bool is_empty() const { return bytes_.empty(); }

  static void wipe(std::string& bytes) {
    // A short string stores its bytes inline, including those beyond its current size.
    ::explicit_bzero(bytes.data(), bytes.capacity());
    bytes.clear();
  }

 private:
  std::string bytes_;
};

}  // namespace quern

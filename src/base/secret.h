#pragma once

#include <string.h>

#include <string>
#include <string_view>
#include <utility>

namespace quern {

// Bytes that must not be seen: wiped when they go, in no log, and never converted to text by accident. A copy is one
// more place to wipe, so it is asked for by name. Belongs to one thread at a time.
class Secret {
 public:
  Secret() = default;
  // Takes the bytes over; where they lay before is wiped.
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
  // Valid as long as this is. Not to be stored elsewhere.
  std::string_view reveal() const { return bytes_; }
  bool is_empty() const { return bytes_.empty(); }

  static void wipe(std::string& bytes) {
    // A short string has its bytes in itself, also those that it no longer counts.
    ::explicit_bzero(bytes.data(), bytes.capacity());
    bytes.clear();
  }

 private:
  std::string bytes_;
};

}  // namespace quern

#pragma once

#include <compare>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace quern {

// An immutable text with shared ownership, in 8 bytes plus one allocation that holds the count of owners and the text.
// For the names of inputs, of which there may be millions, some of them equal. Copies share the text; the last one
// frees it. Thread-safe like shared_ptr: several threads may use their own copies, or read the same one while no thread
// changes it.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string_view text);  // NOLINT(google-explicit-constructor): it is what the text is
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  SharedText(const char* text) : SharedText(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  SharedText(const SharedText& other) noexcept;
  SharedText(SharedText&& other) noexcept : piece_(std::exchange(other.piece_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(piece_, other.piece_);
    return *this;
  }
  ~SharedText();

  // Valid as long as any copy exists.
  std::string_view view() const;
  std::string str() const { return std::string(view()); }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  bool empty() const { return piece_ == nullptr; }
  std::size_t size() const { return view().size(); }

  friend bool operator==(const SharedText& left, const SharedText& right) { return left.view() == right.view(); }
  friend bool operator==(const SharedText& left, std::string_view right) { return left.view() == right; }
  friend bool operator==(const SharedText& left, const char* right) { return left.view() == right; }
  friend bool operator==(const SharedText& left, const std::string& right) { return left.view() == right; }
  friend std::strong_ordering operator<=>(const SharedText& left, const SharedText& right) {
    return left.view() <=> right.view();
  }
  friend std::ostream& operator<<(std::ostream& stream, const SharedText& text) { return stream << text.view(); }
  // Makes fmt print it from version 10 on, which does not convert implicitly.
  friend std::string_view format_as(const SharedText& text) { return text.view(); }

 private:
  struct Piece;
  Piece* piece_ = nullptr;  // nullptr: ""
};

}  // namespace quern

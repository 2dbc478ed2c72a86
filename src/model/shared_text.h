#pragma once

#include <compare>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace quern {

// Text that does not change, in 8 bytes and one piece of memory with its count of owners: for the names of inputs, of
// which there may be millions, some of them the same twice. Copies share the text; the last one frees it. Any thread,
// as a shared_ptr: each thread has its own copy, or nobody changes the one that they read.
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

  // As long as some copy has it.
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
  // How fmt prints it from version 10 on, where it converts nothing by itself.
  friend std::string_view format_as(const SharedText& text) { return text.view(); }

 private:
  struct Piece;
  Piece* piece_ = nullptr;  // nullptr: ""
};

}  // namespace quern

#include "model/shared_text.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "base/result.h"

namespace quern {

// The text follows this header in the same allocation.
struct SharedText::Piece {
  std::atomic<std::uint32_t> owners;
  std::uint32_t size_bytes;

  char* text() { return reinterpret_cast<char*>(this + 1); }
};

SharedText::SharedText(std::string_view text) {
  if (text.empty()) return;
  CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max());
  void* memory = ::operator new(sizeof(Piece) + text.size());
  piece_ = new (memory) Piece{.owners = 1, .size_bytes = static_cast<std::uint32_t>(text.size())};
  std::memcpy(piece_->text(), text.data(), text.size());
}

SharedText::SharedText(const SharedText& other) noexcept : piece_(other.piece_) {
  if (piece_ != nullptr) piece_->owners.fetch_add(1, std::memory_order_relaxed);
}

SharedText::~SharedText() {
  // The thread that frees it must see everything that the other owners did with it.
  if (piece_ == nullptr || piece_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  piece_->~Piece();
  ::operator delete(piece_);
}

std::string_view SharedText::view() const {
  if (piece_ == nullptr) return {};
  return {piece_->text(), piece_->size_bytes};
}

}  // namespace quern

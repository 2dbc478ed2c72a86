#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace quern::shuffle {

inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Uninitialised memory, directly from the kernel and on huge pages if it is large enough. On a small virtual machine
// the first access to each 4 KiB page costs more than everything else that a shuffle does with it.
class HugeMemory {
 public:
  HugeMemory() = default;
  static Result<HugeMemory> make(std::size_t size_bytes);
  static Result<HugeMemory> make_zeroed(std::size_t size_bytes);
  void* data() const { return bytes_.get(); }

 private:
  struct Free {
    std::size_t mapped_bytes;  // 0 if allocated by malloc
    void operator()(void* bytes) const;
  };
  std::unique_ptr<void, Free> bytes_;
};

// A fixed number of uninitialised elements in such memory. Move-only.
template <typename T>
class HugeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  HugeArray() = default;
  static Result<HugeArray> make(std::size_t count) { return in(HugeMemory::make(count * sizeof(T)), count); }
  // All bytes of the elements are zero.
  static Result<HugeArray> make_zeroed(std::size_t count) {
    return in(HugeMemory::make_zeroed(count * sizeof(T)), count);
  }
  std::span<T> span() const { return elements_; }
  T* data() const { return elements_.data(); }
  std::size_t size() const { return elements_.size(); }
  T& operator[](std::size_t index) const { return elements_[index]; }

 private:
  static Result<HugeArray> in(Result<HugeMemory> memory, std::size_t count) {
    HugeArray array;
    TRY_ASSIGN(array.memory_, std::move(memory));
    array.elements_ = {static_cast<T*>(array.memory_.data()), count};
    return array;
  }

  HugeMemory memory_;
  std::span<T> elements_;
};

}  // namespace quern::shuffle

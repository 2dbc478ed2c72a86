#pragma once

#include <mutex>
#include <utility>

namespace quern {

// Data together with the mutex that guards it: the data is reachable only while the lock is held.
//   Guarded<std::vector<int>> numbers;
//   numbers.lock()->push_back(1);
template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  class Lock {
   public:
    explicit Lock(Guarded& owner) : lock_(owner.mutex_), value_(&owner.value_) {}
    T* operator->() { return value_; }
    T& operator*() { return *value_; }

   private:
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };
  // Blocks while another thread holds the lock.
  Lock lock() { return Lock(*this); }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace quern

#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

namespace quern::mapper {

// Lets numbered threads begin one after the other. Any thread may call.
class Turns {
 public:
  // This number, and all before it, have begun.
  void reached(std::size_t number) {
    {
      std::lock_guard lock(mutex_);
      if (number <= reached_) return;
      reached_ = number;
    }
    changed_.notify_all();
  }
  // Blocks until `number` has begun or `stop` is requested.
  void wait_for(std::size_t number, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return reached_ >= number; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t reached_ = 0;
};

}  // namespace quern::mapper

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace quern {

// A bounded queue between threads. A full channel blocks its producers. Closing it ends its consumers after they
// have taken what it still holds. Any number of producers and consumers.
template <typename T>
class Channel {
 public:
  explicit Channel(std::size_t capacity_items) : capacity_(capacity_items) {}

  // Blocks while the channel is full. Returns false, and drops the item, if the channel was closed or `stop` was
  // requested.
  bool push(T item, const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_ || stop.stop_requested()) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }

  // Blocks while the channel is empty and open. Returns nullopt if it is closed and drained, or if `stop` is requested
  // while it is empty.
  std::optional<T> pop(const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  // Never blocks. Returns nullopt if the channel is empty.
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  // Refuses producers from now on; consumers get the remaining items, then nothing.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    not_full_.notify_all();
    not_empty_.notify_all();
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    not_full_.notify_one();
    return item;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any not_full_;
  std::condition_variable_any not_empty_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace quern

#pragma once

#include <unistd.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace quern {

// A bounded queue between threads. A full channel blocks its producers. Closing it ends its consumers: after they have
// taken what it still holds, or immediately if it is closed with an Error. Any number of producers and consumers.
//
// With an event (make_event()), poll(2) can wait for the channel: readable_fd() is readable while pop would not block,
// because there is an item or the channel is closed. Several consumers may wake for one item, so they use try_pop.
template <typename T>
class Channel {
 public:
  explicit Channel(std::size_t capacity_items, Fd event = {})
      : capacity_(capacity_items), readable_(std::move(event)) {}

  // Blocks while the channel is full. Returns false, and drops the item, if the channel was closed or `stop` was
  // requested.
  bool push(T item, const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_ || stop.stop_requested()) return false;
    items_.push_back(std::move(item));
    if (items_.size() == 1) signal();
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

  // Never blocks. Returns nullopt if the channel is empty now or finished (see is_finished).
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  // Whether no item will ever come out again.
  bool is_finished() const {
    std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

  // Refuses producers from now on; consumers get the remaining items, then nothing.
  void close() {
    std::lock_guard lock(mutex_);
    close_locked();
  }
  // Like close(), but drops the remaining items; error() then tells consumers why.
  void close(Error error) {
    std::lock_guard lock(mutex_);
    if (!error_.has_value()) error_ = std::move(error);
    items_.clear();
    close_locked();
  }
  std::optional<Error> error() const {
    std::lock_guard lock(mutex_);
    return error_;
  }

  int readable_fd() const { return readable_.number(); }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    if (items_.empty() && !closed_) unsignal();
    lock.unlock();
    not_full_.notify_one();
    return item;
  }
  void close_locked() {
    closed_ = true;
    signal();
    not_full_.notify_all();
    not_empty_.notify_all();
  }
  void signal() {
    if (!readable_.is_open()) return;
    std::uint64_t one = 1;
    static_cast<void>(::write(readable_.number(), &one, sizeof one) + 0);
  }
  void unsignal() {
    if (!readable_.is_open()) return;
    std::uint64_t count = 0;
    static_cast<void>(::read(readable_.number(), &count, sizeof count) + 0);
  }

  const std::size_t capacity_;
  const Fd readable_;
  mutable std::mutex mutex_;
  std::condition_variable_any not_full_;
  std::condition_variable_any not_empty_;
  std::deque<T> items_;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace quern

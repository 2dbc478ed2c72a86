#pragma once

#include <atomic>
#include <cstdint>

namespace quern::shuffle {

// Counts the memory that all sinks hold, including what sorting it will need. Thread-safe.
class Budget {
 public:
  explicit Budget(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void take(std::uint64_t bytes, std::uint64_t pairs) {
    used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    pairs_.fetch_add(pairs, std::memory_order_relaxed);
  }
  void give_back(std::uint64_t bytes, std::uint64_t pairs) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    pairs_.fetch_sub(pairs, std::memory_order_relaxed);
  }
  bool is_exceeded() const {
    return used_bytes_.load(std::memory_order_relaxed) > limit_bytes_ ||
           pairs_.load(std::memory_order_relaxed) > kMostPairs;
  }

 private:
  // Pairs in memory are numbered with 32 bits. The rest of that range is for what mappers commit before they notice.
  static constexpr std::uint64_t kMostPairs = std::uint64_t{3} << 30;

  const std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> used_bytes_ = 0;
  std::atomic<std::uint64_t> pairs_ = 0;
};

}  // namespace quern::shuffle

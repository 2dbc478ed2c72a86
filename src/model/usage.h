#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quern {

// What processes of one kind used.
struct Usage {
  std::uint64_t processes = 0;
  std::chrono::nanoseconds cpu{};       // in programs and in the kernel
  std::uint64_t peak_memory_bytes = 0;  // the largest resident set of one process

  void add(const Usage& other) {
    processes += other.processes;
    cpu += other.cpu;
    peak_memory_bytes = std::max(peak_memory_bytes, other.peak_memory_bytes);
  }
};

// What one process used, by getrusage(2) or wait4(2).
inline Usage usage_of(const rusage& used) {
  auto time = [](const timeval& value) {
    return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
  };
  return {.processes = 1,
          .cpu = time(used.ru_utime) + time(used.ru_stime),
          .peak_memory_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

// How long a mapper child worked on its units (or batches of inputs).
struct UnitTimes {
  std::uint64_t count = 0;
  std::chrono::nanoseconds total{};
  std::chrono::nanoseconds longest{};

  void add(std::chrono::nanoseconds time) {
    ++count;
    total += time;
    longest = std::max(longest, time);
  }
};

}  // namespace quern

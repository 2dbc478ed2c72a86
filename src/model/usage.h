#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quern {

// What processes of one kind used, added up when they ended.
struct Usage {
  std::uint64_t processes = 0;
  std::chrono::nanoseconds processor{};
  std::uint64_t peak_bytes = 0;  // the largest resident set of one process

  void add(const Usage& other) {
    processes += other.processes;
    processor += other.processor;
    peak_bytes = std::max(peak_bytes, other.peak_bytes);
  }
};

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

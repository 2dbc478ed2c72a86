#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>

namespace quern {

// Of what getrusage(2) and wait4(2) tell: the time on processors, in programs and in the kernel; and the largest
// resident set.
inline std::chrono::nanoseconds processor_time(const rusage& used) {
  auto time = [](const timeval& value) {
    return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
  };
  return time(used.ru_utime) + time(used.ru_stime);
}
inline std::uint64_t peak_bytes(const rusage& used) { return static_cast<std::uint64_t>(used.ru_maxrss) * 1024; }

}  // namespace quern

#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

#include "base/result.h"

namespace quern::shuffle {

// Calls work(0) ... work(count - 1), each once, on up to `threads` threads, and returns when all are done. Once `stop`
// is requested, no further call begins, and the result is kStopped.
Result<void> run_workers(std::size_t threads, std::size_t count, const std::stop_token& stop,
                         const std::function<void(std::size_t)>& work);

}  // namespace quern::shuffle

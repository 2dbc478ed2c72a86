#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/result.h"

namespace quern {

// Starts a thread; all threads are started here. `name` (at most 15 bytes) is what debuggers and `top -H` show. `body`
// must not throw. If the system cannot start another thread, the error says what to do.
Result<std::jthread> start_thread(const std::string& name, std::function<void(std::stop_token)> body);

}  // namespace quern

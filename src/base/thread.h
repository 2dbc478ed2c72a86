#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/result.h"

namespace quern {

// Starts a thread; nothing else makes one. `name` (at most 15 bytes) is what debuggers and `top -H` show. `body` does
// not throw. An error says what to do, if the system has no further thread.
Result<std::jthread> start_thread(const std::string& name, std::function<void(std::stop_token)> body);

}  // namespace quern

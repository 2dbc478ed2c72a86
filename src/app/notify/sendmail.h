#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"

namespace quern::app {

// Hands the message to `program -t -i`, as sendmail and those that stand in for it take one: the recipient is that of
// its To header. The program gets quern's environment without its secrets, in a process group of its own, which is
// ended when it takes longer than `patience`, or at a stop; what it leaves running in the background when it ends goes
// on. Blocks. Errors name the program and what it said last: kBadConfig if it does not start, kRetry or kBadInput if it
// fails, kStopped.
Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience = limits::kSendmailTimeout);

}  // namespace quern::app

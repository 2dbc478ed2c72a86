#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"

namespace quern::app {

// Passes the message to `program -t -i`, which is the interface of sendmail and its replacements: the recipient is
// taken from the To header. The program gets quern's environment without its secrets, and a process group of its own,
// which is killed if it takes longer than `patience` or a stop is requested; background processes that it leaves when
// it ends continue. Blocks. Errors name the program and the last line of its output: kBadConfig if it does not start,
// kRetry or kBadInput if it fails, kStopped.
Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience = limits::kSendmailTimeout);

}  // namespace quern::app

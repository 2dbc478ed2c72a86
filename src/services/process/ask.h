#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/process/child.h"

namespace quern::process {

struct Question {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // the complete environment, "NAME=value"
  bool takes_errors = false;             // true: standard error is part of the answer; false: it goes to quern's own
  std::chrono::seconds patience{};
  std::stop_token stop = {};
};

struct Answer {
  Exit exit;
  std::string text;  // never reallocated while it grew, so that there is only one place to wipe
};

// Returns the output of a program that reads no input. When it has ended, when `patience` is over (which is
// kNotFound), or at a stop, the rest of its process group is killed. If quern is killed, the program is. Blocks.
Result<Answer> ask(const Question& question);

// Returns the text of the same; kNotFound with the last line of it if the program fails.
Result<std::string> answer_of(const Question& question);

// Returns the last line that is not empty: a program may print a warning first.
std::string last_line(std::string_view text);

}  // namespace quern::process

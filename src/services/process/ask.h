#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/process/child.h"

namespace quern::process {

struct Question {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // all of it, "NAME=value"
  bool takes_errors = false;             // true: standard error is a part of the answer; false: it is quern's own
  std::chrono::seconds patience{};
};

struct Answer {
  Exit exit;
  std::string text;  // never moved while it grew, so that there is one place to wipe
};

// What a program prints, which reads nothing and belongs to nobody but the caller. Its process group is ended once it
// has ended or `patience` is over, which is kNotFound. Blocks.
Result<Answer> ask(const Question& question);

}  // namespace quern::process

#pragma once

#include <string>

// What `quern doctor` found out about one thing. Plain values.

namespace quern {

struct Finding {
  enum class State {
    kOk,
    kNote,     // worth knowing, and in nobody's way
    kMissing,  // what is to be done does not work without it
  };
  State state = State::kOk;
  std::string what;      // "python3", "scratch folder"
  std::string found;     // one line
  std::string fix = {};  // a command or a few words; "" where there is nothing to do
};

}  // namespace quern

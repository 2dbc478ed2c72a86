#pragma once

#include <string>

// What `quern doctor` found out about one thing. Plain values.

namespace quern {

struct Finding {
  enum class State {
    kOk,
    kNote,     // worth knowing but not a problem
    kMissing,  // required for what the user wants to do, but missing
  };
  State state = State::kOk;
  std::string what;      // "python3", "scratch folder"
  std::string found;     // one line
  std::string fix = {};  // a command or a few words; "" if nothing needs to be done
};

}  // namespace quern

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/look/look.h"
#include "app/look/suggestion.h"
#include "views/terminal/terminal_text.h"

// A look at inputs, for people and for machines. Pure.

namespace quern::app {

struct LookTextOptions {
  JobInputs named = {};     // as a job in the working folder has them
  std::size_t columns = 0;  // of the terminal; 0: lines may be as long as they need
  bool color = false;
};

std::string look_text(const Look& look, const LookTextOptions& options);

// One JSON object in one line.
std::string look_json(const Look& look, const LookTextOptions& options);

}  // namespace quern::app

#pragma once

#include <string_view>

#include "app/command_line.h"
#include "base/result.h"
#include "views/terminal/text.h"
#include "views/terminal/view.h"

// What all commands share: how they end, and what they say on standard error. Main thread.

namespace quern::app {

// Exit statuses beside 0 (docs/job-file.md and quern help run tell the others).
inline constexpr int kStatusFailed = 1;
inline constexpr int kStatusBadConfig = 2;
// 2 for kBadConfig, else 1.
int status_of(const Error& error);

// How standard error shows things: as the terminal, the environment and the command line say.
view::TerminalOptions terminal_options(const CommandLine& line);
// Whether standard error shows colours.
bool has_color();

// Where standard error is closed, there is nobody to tell.
void print_to_stderr(std::string_view text);
// The same with an error, whose exit status it gives.
int print_error(const Error& error);

}  // namespace quern::app

#pragma once

#include <string>
#include <string_view>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "model/accounting.h"
#include "views/terminal/terminal_text.h"
#include "views/terminal/view.h"

// What all commands share: how they exit, and what they print on standard error. Main thread only.

namespace quern::app {

// Exit statuses other than 0 (docs/job-file.md and quern help run explain the rest).
inline constexpr int kStatusFailed = 1;
inline constexpr int kStatusBadConfig = 2;
inline constexpr int kStatusUnwatched = 4;     // a job on Taskcluster continues, or has ended, and may not be watched
inline constexpr int kStatusReaderGone = 141;  // like a process killed by SIGPIPE

// Whether the reader of the output is gone, as in `quern check | head -1`, which need not be reported.
bool reader_has_gone(const Error& error);
// Returns 2 for kBadConfig, 141 if the reader is gone, otherwise 1.
int status_of(const Error& error);

// How to show things on standard error, according to the terminal, the environment and the command line.
view::TerminalOptions terminal_options(const CommandLine& line);
// Whether standard error shows colors.
bool has_color();

// Writes all of `text` to standard output; fails if a byte is lost, for example on a full disk.
Result<void> print(std::string_view text);
// The same for a command that does nothing else: returns its exit status.
int print_and_end(std::string_view text);
// Ignores errors: if standard error is closed or full, there is no one to tell.
void print_to_stderr(std::string_view text);
// Returns the message of an error, with its URLs reduced to what may be shown.
std::string shown_message(const Error& error);
// Prints an error, unless the reader is gone. Returns the exit status.
int print_error(const Error& error);

// The location of the documentation, with a '/' at the end: as installed with this program, or "docs/" of the sources.
std::string docs_folder();

// Prints one line which says that the existing result is not from this run; nothing if there is none.
void print_previous_result(const Accounting& accounting);

}  // namespace quern::app

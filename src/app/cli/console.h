#pragma once

#include <string>
#include <string_view>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "model/accounting.h"
#include "views/terminal/text.h"
#include "views/terminal/view.h"

// What all commands share: how they end, and what they say on standard error. Main thread.

namespace quern::app {

// Exit statuses next to 0 (docs/job-file.md and quern help run tell the others).
inline constexpr int kStatusFailed = 1;
inline constexpr int kStatusBadConfig = 2;
inline constexpr int kStatusUnwatched = 4;     // a job on Taskcluster goes on, or has ended, and may not be looked at
inline constexpr int kStatusReaderGone = 141;  // as of a process that SIGPIPE ended

// Whether it is that the reader of what is written has gone, as in `quern check | head -1`: nothing to tell of.
bool reader_has_gone(const Error& error);
// 2 for kBadConfig, 141 where the reader has gone, else 1.
int status_of(const Error& error);

// How standard error shows things: as the terminal, the environment and the command line say.
view::TerminalOptions terminal_options(const CommandLine& line);
// Whether standard error shows colours.
bool has_color();

// Writes to standard output, to the end: an error if a byte is lost, be it on a full disk.
Result<void> print(std::string_view text);
// The same as all that a command does: its exit status.
int print_and_end(std::string_view text);
// Where standard error is closed or full, there is nobody to tell.
void print_to_stderr(std::string_view text);
// The message of an error without what must not be shown of URLs in it.
std::string shown_message(const Error& error);
// The same with an error, unless the reader has gone; returns its exit status.
int print_error(const Error& error);

// Where the pages of documentation are, with a '/': as installed with this program, or "docs/" of the sources.
std::string docs_folder();

// One line that says that the result that is there is not this run's; nothing if there is none.
void print_previous_result(const Accounting& accounting);

}  // namespace quern::app

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/environment.h"
#include "base/fd.h"
#include "model/event.h"
#include "model/limits.h"
#include "model/progress.h"
#include "views/terminal/accounting_text.h"
#include "views/terminal/live.h"
#include "views/terminal/terminal_text.h"

namespace quern::limits {

// How many lines may wait for a slow terminal; more are left out, with a note.
inline constexpr std::size_t kQueuedViewLines = 10000;

}  // namespace quern::limits

namespace quern::view {

struct TerminalOptions {
  int fd = 2;                // borrowed; must outlive the view
  bool is_terminal = false;  // if true, a live display; otherwise a plain line now and then
  Style style;
  bool quiet = false;    // errors and warnings only
  bool verbose = false;  // everything that modules print, tracebacks, and no limits
  // Returns the name of an input for messages; called only after events about that input. If empty, inputs are
  // numbered.
  std::function<std::string(InputOrdinal)> input_name = {};
  Clock clock = std::chrono::steady_clock::now;
  std::chrono::milliseconds redraw_interval = limits::kRedrawInterval;
  std::chrono::milliseconds plain_line_interval = limits::kPlainLineInterval;
  std::optional<ScreenSize> size = {};  // absent: the terminal is asked at each redraw
};

// Returns the size from the options or, if absent, from the terminal.
ScreenSize screen_size(const TerminalOptions& options, const Fd& fd);

// Determines what the descriptor `fd` can show. Honours NO_COLOR, TERM, TASK_ID (set in a Taskcluster task, whose
// terminal is a log) and the variables of the locale. `fd_is_terminal` is the result of isatty.
TerminalOptions choose_terminal_options(int fd, bool fd_is_terminal, const EnvironmentLookup& environment);

// Shows a run to a person. Thread-safe: an event costs a lock and a few additions, and a separate thread draws.
// Destroying the view removes the live display and leaves the cursor at the start of a line, so the view must be
// destroyed before anything else is written to the same terminal.
std::unique_ptr<EventSink> make_terminal_view(TerminalOptions options);

}  // namespace quern::view

#pragma once

#include <chrono>
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
#include "views/terminal/screen.h"
#include "views/terminal/text.h"

namespace quern::view {

struct TerminalOptions {
  int fd = 2;                // borrowed, and outlives the view
  bool is_terminal = false;  // a live display; else a plain line now and then
  Style style;
  bool quiet = false;    // errors only
  bool verbose = false;  // all that modules print, tracebacks, and no limits
  // The name of an input in messages; called only after events about that input. None: inputs are numbered.
  std::function<std::string(InputOrdinal)> input_name = {};
  Clock clock = std::chrono::steady_clock::now;
  std::chrono::milliseconds redraw_interval = limits::kRedrawInterval;
  std::chrono::milliseconds plain_line_interval = limits::kPlainLineInterval;
  std::optional<ScreenSize> size = {};  // none: asked from the terminal at each redraw
};

// As the options say, or as the terminal does.
ScreenSize screen_size(const TerminalOptions& options, const Fd& fd);

// What fd 2, say, can show: NO_COLOR, TERM, TASK_ID (of a task on Taskcluster, whose terminal is a log) and the
// locale's variables are honoured. `fd_is_terminal` is what isatty says.
TerminalOptions choose_terminal_options(int fd, bool fd_is_terminal, const EnvironmentLookup& environment);

// Shows a run to a person. Events may come from any thread and cost a lock and a few additions: a thread of its own
// draws. Destroying the view takes the live display away and leaves the cursor at the start of a line, so destroy it
// before anything else is written to the same terminal.
std::unique_ptr<EventSink> make_terminal_view(TerminalOptions options);

}  // namespace quern::view

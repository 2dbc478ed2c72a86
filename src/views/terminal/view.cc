#include "views/terminal/view.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "base/task_group.h"
#include "base/text.h"
#include "views/terminal/live.h"
#include "views/terminal/narrator.h"

namespace quern::view {
namespace {

class TerminalView : public EventSink {
 public:
  explicit TerminalView(TerminalOptions options);
  ~TerminalView() override;
  void emit(const event::Event& event) override;

 private:
  // Shared by the emitting threads and the drawing thread.
  struct Shared {
    ProgressTally tally;
    std::vector<std::string> lines;  // waiting to be written
    std::size_t left_out = 0;        // how many lines were dropped because too many waited
  };
  void draw_until_stopped(const std::stop_token& stop);
  void draw(bool is_last);
  void draw_live(const std::vector<std::string>& lines, const Progress& progress, bool is_last);
  void write_plain(std::vector<std::string> lines, const Progress& progress, bool is_last);
  bool is_live() const { return options_.is_terminal && !options_.quiet; }

  const TerminalOptions options_;
  Fd fd_;
  std::mutex mutex_;
  std::condition_variable_any line_waits_;
  Shared shared_;      // guarded by mutex_
  Narrator narrator_;  // guarded by mutex_

  // Used by the drawing thread only.
  PaceMeter pace_meter_;
  Screen screen_;
  ClockTime last_plain_line_;

  std::jthread drawer_;  // last, so that it starts after everything else is constructed
};

// Running out of memory in the display is not a reason to stop a run.
template <typename Work>
void forgiving(const Work& work) {
  static_cast<void>(without_exceptions([&]() -> Result<void> {
                      work();
                      return {};
                    }).ok());
}

TerminalView::TerminalView(TerminalOptions options)
    : options_(std::move(options)),
      fd_(options_.fd),
      narrator_({.quiet = options_.quiet,
                 .verbose = options_.verbose,
                 .phases = !options_.is_terminal,
                 .style = options_.style,
                 .input_name = options_.input_name}),
      last_plain_line_(options_.clock()) {
  auto drawer =
      start_thread("view", [this](const std::stop_token& stop) { forgiving([&] { draw_until_stopped(stop); }); });
  // If the system has no more threads, everything is written at the end: the run itself fails if it lacks threads.
  if (drawer.ok()) drawer_ = std::move(drawer).value();
}

TerminalView::~TerminalView() {
  drawer_ = {};  // stops and joins it
  forgiving([&] {
    {
      std::lock_guard lock(mutex_);
      narrator_.finish(shared_.lines);
    }
    draw(true);
  });
  fd_.release();  // it is borrowed
}

void TerminalView::emit(const event::Event& event) {
  ClockTime now = options_.clock();
  std::lock_guard lock(mutex_);
  shared_.tally.add(event, now);
  std::size_t before = shared_.lines.size();
  narrator_.tell(event, shared_.tally.progress(), shared_.lines);
  if (before == shared_.lines.size()) return;
  if (shared_.lines.size() > limits::kQueuedViewLines) {
    shared_.left_out += shared_.lines.size() - before;
    shared_.lines.resize(before);
  }
  // A live display shows new lines at its next redraw; otherwise they are shown immediately.
  if (!is_live()) line_waits_.notify_one();
}

void TerminalView::draw_until_stopped(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      auto interval = is_live() ? options_.redraw_interval : options_.plain_line_interval;
      line_waits_.wait_for(lock, stop, interval, [&] { return !is_live() && !shared_.lines.empty(); });
    }
    if (!stop.stop_requested()) draw(false);
  }
}

void TerminalView::draw(bool is_last) {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  Progress progress;
  {
    std::lock_guard lock(mutex_);
    lines.swap(shared_.lines);
    left_out = std::exchange(shared_.left_out, 0);
    progress = shared_.tally.progress();
  }
  if (left_out > 0) {
    lines.push_back("note: " + format_count(left_out, "line was", "lines were") +
                    " left out here: the terminal was too slow");
  }
  if (is_live()) {
    draw_live(lines, progress, is_last);
  } else {
    write_plain(std::move(lines), progress, is_last);
  }
}

void TerminalView::draw_live(const std::vector<std::string>& lines, const Progress& progress, bool is_last) {
  ScreenSize size = screen_size(options_, fd_);
  std::vector<std::string> live;
  if (!is_last) {
    ClockTime now = options_.clock();
    live = render_live({.progress = progress, .pace = pace_meter_.pace(progress, now), .now = now}, options_.style,
                       size.columns);
  }
  // A run must not stop because it cannot be shown, so errors of writes to the terminal are ignored.
  static_cast<void>(write_all(fd_, screen_.redraw(lines, live, size)).ok());
}

void TerminalView::write_plain(std::vector<std::string> lines, const Progress& progress, bool is_last) {
  ClockTime now = options_.clock();
  bool is_due = !is_last && !options_.quiet && now - last_plain_line_ >= options_.plain_line_interval;
  if (is_due && !progress.phases.empty() && !progress.phases.back().elapsed) {
    const PhaseProgress& phase = progress.phases.back();
    lines.push_back(phase_line(name_of(phase.phase), phase, progress, now));
  }
  if (is_due) last_plain_line_ = now;
  if (lines.empty()) return;
  std::string bytes;
  for (const std::string& line : lines) bytes.append(line).append("\n");
  static_cast<void>(write_all(fd_, bytes).ok());
}

bool is_set(const char* value) { return value != nullptr && *value != '\0'; }

// The first of these that is set decides, as in the C library.
bool locale_is_utf8(const EnvironmentLookup& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = environment(name);
    if (!is_set(value)) continue;
    const std::string locale = lower_case(value);
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

ScreenSize screen_size(const TerminalOptions& options, const Fd& fd) {
  if (options.size) return *options.size;
  winsize window{};
  ScreenSize size;
  if (::ioctl(fd.number(), TIOCGWINSZ, &window) == 0) {
    if (window.ws_row > 0) size.rows = window.ws_row;
    if (window.ws_col > 0) size.columns = window.ws_col;
  }
  return size;
}

TerminalOptions choose_terminal_options(int fd, bool fd_is_terminal, const EnvironmentLookup& environment) {
  const char* term = environment("TERM");
  // Workers of Taskcluster give a task a terminal, but only its log is kept.
  bool is_dumb = !is_set(term) || std::string_view(term) == "dumb" || is_set(environment("TASK_ID"));
  TerminalOptions options;
  options.fd = fd;
  options.is_terminal = fd_is_terminal && !is_dumb;
  options.style.color = options.is_terminal && !is_set(environment("NO_COLOR"));
  options.style.utf8 = options.is_terminal && locale_is_utf8(environment);
  return options;
}

std::unique_ptr<EventSink> make_terminal_view(TerminalOptions options) {
  return std::make_unique<TerminalView>(std::move(options));
}

}  // namespace quern::view

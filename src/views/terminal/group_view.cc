#include "views/terminal/group_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "views/terminal/live.h"

namespace quern::view {
namespace {

class TerminalGroupView final : public GroupSink {
 public:
  explicit TerminalGroupView(TerminalOptions options) : options_(std::move(options)), fd_(options_.fd) {}
  ~TerminalGroupView() override {
    finish();
    fd_.release();  // it is borrowed
  }

  void creating(std::size_t created, std::size_t total) override;
  void note(event::Level level, const std::string& text) override;
  void found(const WatchedGroup& group) override;
  void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) override;
  void tick(const WatchedGroup& group) override;
  void finish() override;

 private:
  bool is_live() const { return options_.is_terminal && !options_.quiet; }
  // True at most once per interval; true immediately the first time.
  bool is_due(std::chrono::milliseconds interval);
  void tell_failure(const WatchedTask& task, std::vector<std::string>& lines);
  void say(std::string_view label, Ink ink, std::string_view text, std::vector<std::string>& lines) const;
  void show(const WatchedGroup& group, std::vector<std::string> staying, bool has_changed);
  void write(const std::vector<std::string>& staying, const std::vector<std::string>& live);

  const TerminalOptions options_;
  Fd fd_;
  Screen screen_;
  std::optional<ClockTime> last_shown_;
  std::size_t failures_ = 0;
  bool is_finished_ = false;
};

bool TerminalGroupView::is_due(std::chrono::milliseconds interval) {
  ClockTime now = options_.clock();
  if (last_shown_.has_value() && now - *last_shown_ < interval) return false;
  last_shown_ = now;
  return true;
}

void TerminalGroupView::creating(std::size_t created, std::size_t total) {
  if (options_.quiet) return;
  const bool is_all = created == total;
  if (!is_live()) {
    if (is_all || is_due(options_.plain_line_interval)) {
      write({fmt::format("tasks: {} of {} created", format_count(created), format_count(total))}, {});
    }
    return;
  }
  if (!is_all && !is_due(options_.redraw_interval)) return;
  Line line;
  line.add("creating  ", Ink::kBold).add(fmt::format("{} of {} tasks", format_count(created), format_count(total)));
  write({}, {line.text(options_.style, screen_size(options_, fd_).columns)});
}

void TerminalGroupView::say(std::string_view label, Ink ink, std::string_view text,
                            std::vector<std::string>& lines) const {
  lines.push_back(inked(label, ink, options_.style.color) + " " + clean(text));
}

void TerminalGroupView::note(event::Level level, const std::string& text) {
  if (options_.quiet && level == event::Level::kInfo) return;
  const bool is_note = level == event::Level::kInfo;
  std::vector<std::string> lines;
  say(is_note ? "note:" : "warning:", is_note ? Ink::kCyan : Ink::kYellow, text, lines);
  write(lines, {});
  last_shown_.reset();
}

void TerminalGroupView::tell_failure(const WatchedTask& task, std::vector<std::string>& lines) {
  if (++failures_ > limits::kShownFailures && !options_.verbose) return;
  say("failed:", Ink::kRed, fate_in_words(task), lines);
  lines.push_back("  " + clean(task.log));
}

void TerminalGroupView::found(const WatchedGroup& group) {
  std::vector<std::string> lines;
  for (const WatchedTask& task : group.tasks) {
    if (has_failed(task)) tell_failure(task, lines);
  }
  show(group, std::move(lines), true);
}

void TerminalGroupView::looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) {
  std::vector<std::string> lines;
  for (std::size_t number : changed) {
    if (has_failed(group.tasks[number])) tell_failure(group.tasks[number], lines);
  }
  show(group, std::move(lines), !changed.empty());
}

void TerminalGroupView::tick(const WatchedGroup& group) { show(group, {}, false); }

void TerminalGroupView::show(const WatchedGroup& group, std::vector<std::string> staying, bool has_changed) {
  if (is_live()) {
    write(staying,
          render_group(group, std::chrono::system_clock::now(), options_.style, screen_size(options_, fd_).columns));
    return;
  }
  const bool is_line_due = !options_.quiet && (has_changed || is_due(limits::kQuietGroupLineInterval));
  if (is_line_due) {
    last_shown_ = options_.clock();
    staying.push_back(group_line(group));
  }
  if (!staying.empty()) write(staying, {});
}

void TerminalGroupView::finish() {
  if (std::exchange(is_finished_, true)) return;
  std::vector<std::string> lines;
  if (failures_ > limits::kShownFailures && !options_.verbose) {
    say("failed:", Ink::kRed, format_count(failures_ - limits::kShownFailures, "more task"), lines);
  }
  write(lines, {});
}

// A watch must not end because it cannot be shown, so errors of writes are ignored.
void TerminalGroupView::write(const std::vector<std::string>& staying, const std::vector<std::string>& live) {
  if (is_live()) {
    static_cast<void>(write_all(fd_, screen_.redraw(staying, live, screen_size(options_, fd_))).ok());
    return;
  }
  std::string bytes;
  for (const std::string& line : staying) bytes.append(line).append("\n");
  if (!bytes.empty()) static_cast<void>(write_all(fd_, bytes).ok());
}

}  // namespace

std::unique_ptr<GroupSink> make_group_view(TerminalOptions options) {
  return std::make_unique<TerminalGroupView>(std::move(options));
}

namespace {

// How many of the longest running tasks are shown.
constexpr std::size_t kShownSlowTasks = 3;

constexpr std::array kTaskKinds = {TaskKind::kMap, TaskKind::kMerge, TaskKind::kReduce, TaskKind::kCollect};
constexpr std::size_t kCountColumns = 11;

// How many tasks of one kind are in which state, in the terms of the display.
struct Counts {
  std::size_t all = 0;
  std::size_t waiting = 0;
  std::size_t pending = 0;
  std::size_t running = 0;
  std::size_t completed = 0;
  std::size_t failed = 0;
};

Counts counts_of(const WatchedGroup& group, TaskKind kind) {
  const StateCounts states = count_states(group, kind);
  auto number = [&](TaskState state) { return states.at(static_cast<std::size_t>(state)); };
  Counts counts{.waiting = number(TaskState::kUnscheduled),
                .pending = number(TaskState::kPending),
                .running = number(TaskState::kRunning) + number(TaskState::kOther),
                .completed = number(TaskState::kCompleted),
                .failed = number(TaskState::kFailed) + number(TaskState::kException)};
  for (std::size_t count : states) counts.all += count;
  return counts;
}

// Zeros are dim, so that other numbers stand out.
void add_count(Line& line, std::size_t count, Ink ink) {
  line.add(fmt::format("{:>{}}", format_count(count), kCountColumns), count == 0 ? Ink::kDim : ink);
}

Line heading() {
  Line line;
  line.add(std::string(kLabelColumns, ' '));
  for (const char* word : {"waiting", "pending", "running", "completed", "failed"}) {
    line.add(fmt::format("{:>{}}", word, kCountColumns), Ink::kDim);
  }
  return line;
}

Line row(TaskKind kind, const Counts& counts) {
  Line line;
  line.add(fmt::format("{:<{}}", name_of(kind), kLabelColumns), Ink::kBold);
  add_count(line, counts.waiting, Ink::kPlain);
  add_count(line, counts.pending, Ink::kPlain);
  add_count(line, counts.running, Ink::kCyan);
  add_count(line, counts.completed, Ink::kGreen);
  add_count(line, counts.failed, Ink::kRed);
  return line;
}

std::string coarse(UtcTime from, UtcTime to) {
  auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string slowest(const WatchedGroup& group, UtcTime now) {
  std::vector<const WatchedTask*> running;
  for (const WatchedTask& task : group.tasks) {
    if (task.state == TaskState::kRunning && task.started.has_value()) running.push_back(&task);
  }
  auto shown = static_cast<std::ptrdiff_t>(std::min(running.size(), kShownSlowTasks));
  std::partial_sort(running.begin(), running.begin() + shown, running.end(),
                    [](const WatchedTask* a, const WatchedTask* b) { return *a->started < *b->started; });
  std::string text;
  for (auto task = running.begin(); task != running.begin() + shown; ++task) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", clean((*task)->label), coarse(*(*task)->started, now));
  }
  return text;
}

std::string counts_in_words(const Counts& counts) {
  if (counts.completed == counts.all) return "completed";
  if (counts.waiting == counts.all) return "waiting";
  std::string text = fmt::format("{} of {} completed", format_count(counts.completed), format_count(counts.all));
  if (counts.running > 0) text += fmt::format(", {} running", format_count(counts.running));
  if (counts.pending > 0) text += fmt::format(", {} pending", format_count(counts.pending));
  if (counts.failed > 0) text += fmt::format(", {} failed", format_count(counts.failed));
  return text;
}

}  // namespace

std::vector<std::string> render_group(const WatchedGroup& group, UtcTime now, const Style& style, std::size_t columns) {
  std::vector<Line> lines;
  lines.emplace_back().add(clean(group.job), Ink::kBold).add("  ").add(clean(group.page), Ink::kDim);
  lines.push_back(heading());
  for (TaskKind kind : kTaskKinds) {
    Counts counts = counts_of(group, kind);
    if (counts.all > 0) lines.push_back(row(kind, counts));
  }
  auto add_row = [&](std::string_view label, std::string_view text) {
    lines.emplace_back().add(fmt::format("{:<{}}", label, kLabelColumns), Ink::kBold).add(text);
  };
  if (std::string tasks = slowest(group, now); !tasks.empty()) add_row("longest", tasks);
  std::size_t retries = count_retries(group);
  if (retries > 0) add_row("retries", format_count(retries));
  if (group.begun.has_value()) add_row("elapsed", coarse(*group.begun, now));
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  // The last column stays free: some terminals wrap a line that is exactly as wide as they are.
  for (const Line& line : lines) texts.push_back(line.text(style, columns > 1 ? columns - 1 : columns));
  return texts;
}

std::string group_line(const WatchedGroup& group) {
  std::string text;
  for (TaskKind kind : kTaskKinds) {
    Counts counts = counts_of(group, kind);
    if (counts.all == 0) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name_of(kind), counts_in_words(counts));
  }
  std::size_t retries = count_retries(group);
  if (retries > 0) text += "; " + format_count(retries, "retry", "retries");
  return text;
}

}  // namespace quern::view

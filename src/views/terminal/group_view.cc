#include "views/terminal/group_view.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "views/terminal/screen.h"

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
  if (options_.quiet && level != event::Level::kError) return;
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

}  // namespace quern::view

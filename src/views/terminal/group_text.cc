#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "views/terminal/group_view.h"

namespace quern::view {
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

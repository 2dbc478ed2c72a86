#include "app/group/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/group/listing.h"
#include "app/group/rerun.h"
#include "base/task_group.h"
#include "model/limits.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/queue.h"

namespace quern::watch {
namespace {

// The name that workers give to the log of a run.
constexpr const char* kLogName = "public/logs/live.log";

}  // namespace

Result<GroupWatch> GroupWatch::open(taskcluster::Api& api, const std::string& group_id, const std::stop_token& stop) {
  Listing listing;
  auto add = [&](const taskcluster::GroupedTask& task) -> Result<void> {
    listing.add(task);
    return {};
  };
  TRY_ASSIGN(taskcluster::TaskGroup group, taskcluster::Queue(api).list_task_group(group_id, add, stop));
  return std::move(listing).finish(api, group);
}

std::vector<std::string> GroupWatch::open_ids() const {
  std::vector<std::string> ids;
  for (const WatchedTask& task : group_.tasks) {
    if (!is_resolved(task.state)) ids.push_back(task.id);
  }
  for (const Outsider& outsider : outsiders_) {
    if (!is_resolved(outsider.state)) ids.push_back(outsider.id);
  }
  return ids;
}

Result<std::vector<std::size_t>> GroupWatch::look(const std::stop_token& stop) {
  TRY_ASSIGN(auto statuses, taskcluster::Queue(*api_).statuses(open_ids(), stop));
  std::vector<std::size_t> changed;
  for (const taskcluster::TaskStatus& status : statuses) {
    auto number = numbers_.find(status.task_id);
    if (number != numbers_.end()) {
      if (take(number->second, status)) changed.push_back(number->second);
      continue;
    }
    for (Outsider& outsider : outsiders_) {
      if (outsider.id == status.task_id) outsider.state = status.state;
    }
  }
  std::sort(changed.begin(), changed.end());
  for (std::size_t task : changed) explain(task);
  return changed;
}

void GroupWatch::explain_with(Explain explain_one) {
  explain_ = std::move(explain_one);
  for (std::size_t task = 0; task < group_.tasks.size(); ++task) explain(task);
}

void GroupWatch::explain(std::size_t number) {
  WatchedTask& task = group_.tasks[number];
  if (!explain_ || !has_failed(task) || explained_ >= limits::kExplainedFailures) return;
  ++explained_;
  task.cause = explain_(task);
}

std::string GroupWatch::link_to_log(const taskcluster::TaskRun& run, const std::string& task_id) const {
  const std::string& root = api_->access().root_url;
  // Without a worker there is no log, but the page of the run has what is known.
  if (run.worker_id.empty()) return taskcluster::run_page(root, task_id, run.run_id);
  return taskcluster::artifact_url(root, task_id, run.run_id, kLogName);
}

bool GroupWatch::take(std::size_t number, const taskcluster::TaskStatus& status) {
  WatchedTask& task = group_.tasks[number];
  const bool is_new = task.state != status.state || task.runs != status.runs.size();
  task.state = status.state;
  task.runs = status.runs.size();
  if (is_new) task.cause.clear();
  if (status.runs.empty()) return is_new;
  const taskcluster::TaskRun& run = status.runs.back();
  task.reason = run.reason_resolved;
  task.log = link_to_log(run, task.id);
  task.started = run.started;
  task.resolved = run.resolved;
  const auto& scheduled = status.runs.front().scheduled;
  if (scheduled.has_value() && (!group_.begun.has_value() || *scheduled < *group_.begun)) group_.begun = scheduled;
  return is_new;
}

const GroupWatch::Outsider* GroupWatch::failed_outsider() const {
  auto has_failed = [](const Outsider& outsider) {
    return outsider.state == TaskState::kFailed || outsider.state == TaskState::kException;
  };
  auto found = std::find_if(outsiders_.begin(), outsiders_.end(), has_failed);
  return found == outsiders_.end() ? nullptr : &*found;
}

Ending GroupWatch::ending(UtcTime now) const {
  if (final_task().state == TaskState::kCompleted) return Ending::kCompleted;
  if (has_failed(final_task()) || failed_outsider() != nullptr) return Ending::kFailed;
  // The queue ends tasks a little after their deadline.
  return now > group_.deadline + limits::kDeadlineGrace ? Ending::kFailed : Ending::kNone;
}

// A task's message is out of date if another task that it needs was run again and failed again.
const WatchedTask& GroupWatch::cause_of_failure() const {
  const WatchedTask* task = &final_task();
  while (true) {
    auto is_cause = [&](std::size_t need) {
      const WatchedTask& needed = group_.tasks[need];
      return has_failed(needed) && has_ended_since(needed, *task);
    };
    const auto found = std::find_if(task->needs.begin(), task->needs.end(), is_cause);
    if (found == task->needs.end()) return *task;
    task = &group_.tasks[*found];
  }
}

std::string GroupWatch::why_failed() const {
  if (has_failed(final_task())) {
    const WatchedTask& cause = cause_of_failure();
    if (&cause == &final_task()) return fate_in_words(cause);
    return fmt::format("{}; since then {}", fate_in_words(final_task()), fate_in_words(cause));
  }
  if (const Outsider* outsider = failed_outsider()) {
    return fmt::format("task {}, which the job's tasks need, has failed, so they will never run: {}", outsider->id,
                       taskcluster::task_page(api_->access().root_url, outsider->id));
  }
  return fmt::format("the deadline of the job passed at {}, and {} is still {}", format_utc(group_.deadline),
                     final_task().label, name_of(final_task().state));
}

namespace {

using Steady = std::chrono::steady_clock;

class Loop {
 public:
  Loop(GroupWatch& watch, GroupSink& sink, std::chrono::milliseconds longest, Rerun* rerun)
      : watch_(watch),
        sink_(sink),
        longest_(longest),
        interval_(std::min<std::chrono::milliseconds>(limits::kFirstPollInterval, longest)),
        rerun_(rerun) {}

  Result<Ending> run(const std::stop_token& stop) {
    while (true) {
      TRY(look(stop));
      if (is_over()) return watch_.ending(std::chrono::system_clock::now());
      if (!wait_for_next_look(stop)) return stopped();
    }
  }

 private:
  Result<void> look(const std::stop_token& stop) {
    TRY_ASSIGN(auto changed, watch_.look(stop).context("watching the task group " + watch_.group().id));
    sink_.looked(watch_.group(), changed);
    if (rerun_ == nullptr) return {};
    auto again = rerun_->step(stop);
    const bool is_refused = !again.ok() && again.error().kind == ErrorKind::kDenied;
    if (is_refused && !rerun_->is_all_that_is_wanted()) {
      sink_.note(event::Level::kWarning, again.error().message + "; the watch goes on, and runs nothing again");
      rerun_ = nullptr;
      return {};
    }
    TRY(again);
    if (!again.value().empty()) sink_.looked(watch_.group(), again.value());
    return {};
  }

  bool is_over() const {
    const UtcTime now = std::chrono::system_clock::now();
    return rerun_ == nullptr ? watch_.ending(now) != Ending::kNone : rerun_->is_over(now);
  }

  bool wait_for_next_look(const std::stop_token& stop) {
    const auto due = Steady::now() + interval_;
    interval_ = std::min(longest_, interval_ + interval_ / 4);
    for (auto now = Steady::now(); now < due; now = Steady::now()) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now);
      if (!wait_for(std::min<std::chrono::milliseconds>(left, limits::kGroupRedrawInterval), stop)) return false;
      sink_.tick(watch_.group());
    }
    return !stop.stop_requested();
  }

  GroupWatch& watch_;
  GroupSink& sink_;
  const std::chrono::milliseconds longest_;
  std::chrono::milliseconds interval_;
  Rerun* rerun_;  // nullptr: failed tasks are not run again
};

}  // namespace

Result<Ending> watch_to_end(GroupWatch& watch, GroupSink& sink, const PollOptions& options, Rerun* rerun,
                            const std::stop_token& stop) {
  return Loop(watch, sink, options.longest, rerun).run(stop);
}

}  // namespace quern::watch

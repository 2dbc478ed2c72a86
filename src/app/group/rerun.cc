#include "app/group/rerun.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "services/taskcluster/answers.h"
#include "services/taskcluster/queue.h"
#include "services/taskcluster/request_batch.h"

namespace quern::watch {
namespace {

bool goes_on(const WatchedTask& task) { return task.state == TaskState::kPending || task.state == TaskState::kRunning; }
bool is_completed(const WatchedTask& task) { return task.state == TaskState::kCompleted; }
bool is_cancelled(const WatchedTask& task) { return has_failed(task) && task.reason == "canceled"; }

}  // namespace

Rerun::Rerun(taskcluster::Api& api, GroupWatch& watch, Options options)
    : api_(api), watch_(watch), options_(std::move(options)), states_(watch.group().tasks.size()) {
  for (std::size_t i = 0; i < states_.size() && options_.takes_cancelled; ++i) {
    states_[i].was_cancelled = is_cancelled(watch.group().tasks[i]);
  }
}

Result<void> Rerun::check(UtcTime now) const {
  const WatchedGroup& group = watch_.group();
  if (watch_.ending(now) == Ending::kCompleted || now < group.deadline) return {};
  return bad_input(
      fmt::format("the tasks had to be done by their deadline, {}, and cannot be run again; quern submit makes a new "
                  "task group of the job",
                  format_utc(group.deadline)));
}

bool Rerun::is_known(std::size_t task) const { return states_[task].runs == watch_.group().tasks[task].runs; }

// Whether a completed task's output is known to be incomplete.
bool Rerun::is_lacking(std::size_t task) const {
  const auto& tasks = watch_.group().tasks;
  if (!is_completed(tasks[task]) || !is_known(task)) return false;
  const Left& left = states_[task].left;
  if (!left.is_whole) return true;
  if (left.has_parts || !tasks[task].is_final) return false;
  const auto& needs = tasks[task].needs;
  return std::any_of(needs.begin(), needs.end(),
                     [&](std::size_t need) { return !is_completed(tasks[need]) || is_lacking(need); });
}

// Whether a task that it needs has ended since: then it failed because of output that has been replaced.
bool Rerun::failed_for_others(const WatchedTask& task) const {
  return std::any_of(task.needs.begin(), task.needs.end(),
                     [&](std::size_t need) { return has_ended_since(watch_.group().tasks[need], task); });
}

// Whether the task should run again, and is allowed to.
bool Rerun::is_wanted(std::size_t task) const {
  const WatchedTask& watched = watch_.group().tasks[task];
  const State& state = states_[task];
  if (is_cancelled(watched)) return state.was_cancelled && state.again == 0;
  if (!has_failed(watched) && !is_lacking(task)) return false;
  return state.again < options_.times || failed_for_others(watched);
}

// Whether everything that it needs is there.
bool Rerun::is_ready(std::size_t task) const {
  const auto& tasks = watch_.group().tasks;
  return std::all_of(tasks[task].needs.begin(), tasks[task].needs.end(),
                     [&](std::size_t need) { return is_completed(tasks[need]) && !is_lacking(need); });
}

// Returns the completed tasks whose output is needed, but not checked yet.
std::vector<std::size_t> Rerun::unknown() const {
  const auto& tasks = watch_.group().tasks;
  std::vector<bool> is_needed(tasks.size(), false);
  const std::size_t final_task = watch_.group().final_task;
  is_needed[final_task] = true;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const bool is_elsewhere = i == final_task && is_completed(tasks[i]) && is_known(i) && !states_[i].left.has_parts;
    if (!is_elsewhere && !is_wanted(i)) continue;
    for (std::size_t need : tasks[i].needs) is_needed[need] = true;
  }
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (is_needed[i] && is_completed(tasks[i]) && !is_known(i)) found.push_back(i);
  }
  return found;
}

// If a task's output is incomplete, the tasks that it needs may have to be checked next.
Result<void> Rerun::look_at_what_is_left(const std::stop_token& stop) {
  for (auto tasks = unknown(); !tasks.empty(); tasks = unknown()) {
    TRY_ASSIGN(std::vector<Left> left, options_.look(tasks, stop));
    CHECK(left.size() == tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      states_[tasks[i]].left = left[i];
      states_[tasks[i]].runs = watch_.group().tasks[tasks[i]].runs;
    }
  }
  return {};
}

std::vector<std::size_t> Rerun::candidates() const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (is_wanted(i) && is_ready(i)) found.push_back(i);
  }
  return found;
}

Result<std::vector<std::size_t>> Rerun::step(const std::stop_token& stop) {
  if (api_.now() >= watch_.group().deadline) return std::vector<std::size_t>();
  TRY(look_at_what_is_left(stop));
  const std::vector<std::size_t> again = candidates();
  if (!again.empty() && options_.begin != nullptr) std::exchange(options_.begin, nullptr)();
  taskcluster::Batch batch(api_);
  std::size_t asked = 0;
  for (std::size_t answered = 0; answered < again.size(); ++answered) {
    for (; asked < again.size() && batch.has_room(); ++asked) {
      batch.ask(again[asked], taskcluster::rerun_question(watch_.group().tasks[again[asked]].id));
    }
    TRY_ASSIGN(taskcluster::Batch::Answer answer, batch.next(stop));
    const WatchedTask& task = watch_.group().tasks[answer.number];
    const std::string context = "running " + task.label + " again";
    TRY_ASSIGN(std::string body, std::move(answer.body).context(context));
    TRY_ASSIGN(taskcluster::TaskStatus status, taskcluster::parse_task_status(body).context(context));
    // A task that is cancelled again is meant to end.
    if (is_cancelled(task) || !failed_for_others(task)) ++states_[answer.number].again;
    watch_.take(answer.number, status);
  }
  return again;
}

bool Rerun::is_over(UtcTime now) const {
  const Ending ending = watch_.ending(now);
  if (ending == Ending::kNone) return false;
  // If the final task has not ended, it can never run.
  if (now >= watch_.group().deadline || !is_resolved(watch_.final_task().state)) return true;
  if (ending == Ending::kCompleted && !is_wanted(watch_.group().final_task)) return true;
  const auto& tasks = watch_.group().tasks;
  return std::none_of(tasks.begin(), tasks.end(), goes_on) && candidates().empty();
}

}  // namespace quern::watch

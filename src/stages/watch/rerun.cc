#include "stages/watch/rerun.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "services/taskcluster/answers.h"
#include "services/taskcluster/batch.h"
#include "services/taskcluster/queue.h"

namespace quern::watch {
namespace {

Error refused(std::string message) {
  return bad_input(message + ", and cannot be run again; quern submit makes a new task group of the job");
}

bool goes_on(const WatchedTask& task) { return task.state == TaskState::kPending || task.state == TaskState::kRunning; }

}  // namespace

Rerun::Rerun(taskcluster::Api& api, GroupWatch& watch)
    : api_(api), watch_(watch), is_done_(watch.group().tasks.size(), false) {}

Result<void> Rerun::check(UtcTime now) const {
  const WatchedGroup& group = watch_.group();
  if (watch_.ending(now) == Ending::kCompleted) return {};
  auto was_cancelled = [](const WatchedTask& task) { return has_failed(task) && task.reason == "canceled"; };
  auto cancelled = std::count_if(group.tasks.begin(), group.tasks.end(), was_cancelled);
  if (cancelled > 0) {
    auto first = std::find_if(group.tasks.begin(), group.tasks.end(), was_cancelled);
    return refused(cancelled == 1 ? fmt::format("{} was cancelled", first->label)
                                  : fmt::format("{} tasks, such as {}, were cancelled", cancelled, first->label));
  }
  if (now >= group.deadline) {
    return refused(fmt::format("the tasks had to be done by their deadline, {}", format_utc(group.deadline)));
  }
  return {};
}

std::vector<std::size_t> Rerun::candidates() const {
  const WatchedGroup& group = watch_.group();
  auto is_completed = [&](std::size_t need) { return group.tasks[need].state == TaskState::kCompleted; };
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < group.tasks.size(); ++i) {
    const WatchedTask& task = group.tasks[i];
    if (!has_failed(task) || is_done_[i]) continue;
    if (std::all_of(task.needs.begin(), task.needs.end(), is_completed)) found.push_back(i);
  }
  return found;
}

Result<std::vector<std::size_t>> Rerun::step(const std::stop_token& stop) {
  const std::vector<std::size_t> again = candidates();
  taskcluster::Batch batch(api_);
  std::size_t asked = 0;
  for (std::size_t answered = 0; answered < again.size(); ++answered) {
    for (; asked < again.size() && batch.has_room(); ++asked) {
      batch.ask(again[asked], taskcluster::rerun_question(watch_.group().tasks[again[asked]].id));
    }
    TRY_ASSIGN(taskcluster::Batch::Answer answer, batch.next(stop));
    const std::string context = "running " + watch_.group().tasks[answer.number].label + " again";
    TRY_ASSIGN(std::string body, std::move(answer.body).context(context));
    TRY_ASSIGN(taskcluster::TaskStatus status, taskcluster::parse_task_status(body).context(context));
    is_done_[answer.number] = true;
    watch_.take(answer.number, status);
  }
  return again;
}

bool Rerun::is_over(UtcTime now) const {
  if (watch_.ending(now) == Ending::kNone) return false;
  // Where the final task has not failed it has completed, or it can never run.
  if (!has_failed(watch_.final_task())) return true;
  const auto& tasks = watch_.group().tasks;
  return std::none_of(tasks.begin(), tasks.end(), goes_on) && candidates().empty();
}

}  // namespace quern::watch

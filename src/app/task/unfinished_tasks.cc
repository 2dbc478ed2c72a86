#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/group/results.h"
#include "app/task/needed_tasks.h"
#include "model/limits.h"
#include "services/taskcluster/root_url.h"

namespace quern::app {
namespace {

using taskcluster::TaskRun;
using taskcluster::TaskState;
using taskcluster::TaskStatus;

// A task that has not completed, described for people.
struct UnfinishedTask {
  std::string task_id;
  std::string name;    // from its definition; "" if that no longer exists
  std::string state;   // "failed", "exception", "running", "not there"
  std::string reason;  // "canceled", ...; "" if there is none
  std::string cause;   // from the task's own task.json; "" if there is none
  std::string log_url;
};

class Unfinished {
 public:
  Unfinished(TaskPeer& peer, std::string prefix, const std::stop_token& stop)
      : peer_(peer), prefix_(std::move(prefix)), stop_(stop) {}

  // `status` is nullptr for a task that does not exist.
  UnfinishedTask explain(const std::string& task_id, const TaskStatus* status, bool is_shown) {
    const std::string& root = peer_.api().access().root_url;
    UnfinishedTask task{.task_id = task_id, .state = "not there", .log_url = taskcluster::task_page(root, task_id)};
    if (status == nullptr) return task;
    task.state = taskcluster::name_of(status->state);
    if (is_shown) {
      auto definition = peer_.queue().task(task_id, stop_);
      if (definition.ok()) task.name = definition.value().name;
    }
    if (status->runs.empty()) return task;
    const TaskRun& run = status->runs.back();
    task.reason = run.reason_resolved;
    task.log_url = taskcluster::run_page(root, task_id, run.run_id);
    if (is_shown && status->is_resolved()) {
      task.cause = cause_of(task_id, run.run_id);
    }
    return task;
  }

 private:
  // The report of a failed run explains best why it failed, but may not exist.
  std::string cause_of(const std::string& task_id, int run_id) {
    auto report = results::read_report(peer_.api(), {.task_id = task_id, .run_id = run_id, .prefix = prefix_}, stop_);
    return report.ok() ? report.value().accounting.failure : "";
  }

  TaskPeer& peer_;
  const std::string prefix_;
  const std::stop_token stop_;
};

// "os-count: map 3/7 (fOF8...) failed: data/x.gz ...; its log: https://..."
std::string line_about(const UnfinishedTask& task) {
  std::string line = task.name.empty() ? "task " + task.task_id : fmt::format("{} ({})", task.name, task.task_id);
  if (task.state == "exception") {
    line += " ended with an exception";
  } else if (task.state == "failed") {
    line += " failed";
  } else {
    line += " is " + task.state;
  }
  if (!task.reason.empty() && task.reason != task.state) line += fmt::format(" ({})", task.reason);
  if (!task.cause.empty()) line += ": " + task.cause;
  return line + "; its log: " + task.log_url;
}

Error not_completed(const std::vector<UnfinishedTask>& unfinished, std::size_t needed) {
  Error error{.kind = ErrorKind::kChildFailed};
  error.message = fmt::format("{} of the {} tasks that this one needs {} not completed: {}", unfinished.size(), needed,
                              unfinished.size() == 1 ? "has" : "have", line_about(unfinished.front()));
  for (std::size_t i = 1; i < std::min(unfinished.size(), limits::kListedFailures); ++i) {
    error.details += line_about(unfinished[i]) + "\n";
  }
  if (unfinished.size() > limits::kListedFailures) {
    error.details += fmt::format("and {} more\n", unfinished.size() - limits::kListedFailures);
  }
  return error;
}

}  // namespace

Result<std::vector<CompletedRun>> completed_runs(TaskPeer& peer, const std::vector<std::string>& task_ids,
                                                 const std::string& artifact_prefix, const std::stop_token& stop) {
  TRY_ASSIGN(std::vector<TaskStatus> statuses, peer.queue().statuses(task_ids, stop));
  std::map<std::string, const TaskStatus*> by_id;
  for (const TaskStatus& status : statuses) by_id[status.task_id] = &status;
  Unfinished failures(peer, artifact_prefix, stop);
  std::vector<CompletedRun> runs;
  std::vector<UnfinishedTask> unfinished;
  for (const std::string& task_id : task_ids) {
    auto found = by_id.find(task_id);
    const TaskStatus* status = found == by_id.end() ? nullptr : found->second;
    if (status != nullptr && status->state == TaskState::kCompleted && !status->runs.empty()) {
      runs.push_back({.task_id = task_id, .run_id = status->runs.back().run_id});
      continue;
    }
    unfinished.push_back(failures.explain(task_id, status, unfinished.size() < limits::kShownFailures));
  }
  if (!unfinished.empty()) return not_completed(unfinished, task_ids.size());
  return runs;
}

}  // namespace quern::app

#include "model/taskcluster/watched_group.h"

namespace quern {

StateCounts count_states(const WatchedGroup& group, TaskKind kind) {
  StateCounts counts{};
  for (const WatchedTask& task : group.tasks) {
    if (task.kind == kind) ++counts.at(static_cast<std::size_t>(task.state));
  }
  return counts;
}

std::size_t count_retries(const WatchedGroup& group) {
  std::size_t retries = 0;
  for (const WatchedTask& task : group.tasks) retries += task.runs > 1 ? task.runs - 1 : 0;
  return retries;
}

bool has_failed(const WatchedTask& task) {
  return task.state == TaskState::kFailed || task.state == TaskState::kException;
}

bool has_ended_since(const WatchedTask& need, const WatchedTask& task) {
  const auto& begun = task.started.has_value() ? task.started : task.resolved;
  return begun.has_value() && need.resolved.has_value() && *need.resolved > *begun;
}

std::string fate_in_words(const WatchedTask& task) {
  if (!has_failed(task)) return task.label + " is " + std::string(name_of(task.state));
  std::string run = task.runs > 1 ? " in run " + std::to_string(task.runs - 1) : "";
  std::string text = task.label + " failed" + run;
  if (task.cause.empty() || task.reason != "failed") text += ": " + reason_in_words(task.reason);
  return task.cause.empty() ? text : text + "; it said: " + task.cause;
}

}  // namespace quern

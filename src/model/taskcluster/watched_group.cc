#include "model/taskcluster/watched_group.h"

#include <algorithm>
#include <array>
#include <utility>

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

std::string_view name_of(TaskState state) {
  switch (state) {
    case TaskState::kUnscheduled:
      return "unscheduled";
    case TaskState::kPending:
      return "pending";
    case TaskState::kRunning:
      return "running";
    case TaskState::kCompleted:
      return "completed";
    case TaskState::kFailed:
      return "failed";
    case TaskState::kException:
      return "exception";
    case TaskState::kOther:
      break;
  }
  return "other";
}

bool is_resolved(TaskState state) {
  return state == TaskState::kCompleted || state == TaskState::kFailed || state == TaskState::kException;
}

std::string reason_in_words(std::string_view reason_resolved) {
  // https://docs.taskcluster.net/docs/reference/platform/queue/worker-interaction
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kWords = {{
      {"completed", "it completed"},
      {"failed", "its command failed, or ran for too long"},
      {"claim-expired", "its worker was lost"},
      {"worker-shutdown", "its worker was shut down"},
      {"intermittent-task", "it failed of something that may pass"},
      {"deadline-exceeded", "its deadline passed"},
      {"canceled", "it was cancelled"},
      {"malformed-payload", "the worker does not take its payload"},
      {"resource-unavailable", "the worker could not get something that it needs, or could not upload an artifact"},
      {"internal-error", "the worker failed, perhaps at getting the image"},
      {"superseded", "another task took its place"},
  }};
  const auto* found =
      std::find_if(kWords.begin(), kWords.end(), [&](const auto& word) { return word.first == reason_resolved; });
  if (found != kWords.end()) return std::string(found->second);
  return "it ended for the reason " + std::string(reason_resolved);
}

}  // namespace quern

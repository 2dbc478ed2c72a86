#include "model/taskcluster/task_state.h"

#include <algorithm>
#include <array>
#include <utility>

namespace quern {

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

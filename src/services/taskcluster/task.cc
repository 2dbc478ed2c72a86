#include "services/taskcluster/task.h"

namespace quern::taskcluster {

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

// The queue adds the run of a retry together with the end of the one before, so the last state is the final one.
bool TaskStatus::is_resolved() const {
  return state == TaskState::kCompleted || state == TaskState::kFailed || state == TaskState::kException;
}

}  // namespace quern::taskcluster

#pragma once

#include <string>
#include <string_view>

// The state of a Taskcluster task, in Taskcluster's terms and in plain words. Pure functions.

namespace quern {

// kOther: a state that this version of quern does not know.
enum class TaskState { kUnscheduled, kPending, kRunning, kCompleted, kFailed, kException, kOther };
std::string_view name_of(TaskState state);
// Whether the task has ended and no further run follows automatically.
bool is_resolved(TaskState state);

// Explains why a run ended: "its worker was lost" for "claim-expired". An unknown reason is quoted.
std::string reason_in_words(std::string_view reason_resolved);

}  // namespace quern

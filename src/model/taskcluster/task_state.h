#pragma once

#include <string>
#include <string_view>

// How far a task of Taskcluster is, in its own terms and in words. Pure functions.

namespace quern {

// kOther: one that this version of quern does not know.
enum class TaskState { kUnscheduled, kPending, kRunning, kCompleted, kFailed, kException, kOther };
std::string_view name_of(TaskState state);
// It has ended, and no run follows by itself.
bool is_resolved(TaskState state);

// Why a run ended, as a person says it: "its worker was lost" for "claim-expired". One that is not known is quoted.
std::string reason_in_words(std::string_view reason_resolved);

}  // namespace quern

#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utc_time.h"
#include "model/event.h"
#include "model/taskcluster/task_report.h"

// The tasks of a job on a deployment, as far as `quern watch` knows them, and their states in Taskcluster's terms and
// in plain words. Pure functions and plain values.

namespace quern {

// kOther: a state that this version of quern does not know.
enum class TaskState { kUnscheduled, kPending, kRunning, kCompleted, kFailed, kException, kOther };
std::string_view name_of(TaskState state);
// Whether the task has ended and no further run follows automatically.
bool is_resolved(TaskState state);

// Explains why a run ended: "its worker was lost" for "claim-expired". An unknown reason is quoted.
std::string reason_in_words(std::string_view reason_resolved);

// The tasks of a job on a deployment, as far as `quern watch` knows them.

struct WatchedTask {
  std::string id;
  std::string label;  // "map 17/200"
  TaskKind kind = TaskKind::kMap;
  bool is_final = false;
  std::vector<std::size_t> needs;  // indices of tasks that precede it in the list
  TaskState state = TaskState::kOther;
  // About its latest run, if it has one.
  std::size_t runs = 0;
  std::string reason = {};  // Taskcluster's reason: "failed", "claim-expired"; "" while it is running
  std::string log = {};     // a link for people
  std::string cause = {};   // the task's own explanation of its failure; "" if it left none or it was not requested
  std::optional<UtcTime> started = {};
  std::optional<UtcTime> resolved = {};
};

struct WatchedGroup {
  std::string id;
  std::string page;                // a link for people
  std::string job;                 // its name
  std::vector<WatchedTask> tasks;  // by kind and number; each task follows those that it needs
  std::size_t final_task = 0;
  std::optional<UtcTime> begun = {};  // when the first task became available to workers
  UtcTime deadline = {};              // of the final task
};

// Counts tasks of one kind by state, in the order of TaskState; the last entry counts unknown states.
using StateCounts = std::array<std::size_t, 7>;
StateCounts count_states(const WatchedGroup& group, TaskKind kind);
// The number of runs beyond the first of each task.
std::size_t count_retries(const WatchedGroup& group);
bool has_failed(const WatchedTask& task);

// Describes a task's outcome in one line, without its log: "map 17/200 failed in run 2: its worker was lost". For a
// failed command, the task's own explanation replaces the reason.
std::string fate_in_words(const WatchedTask& task);
// Whether `need` ended after the task began, so that what the task found then differs from what is there now.
bool has_ended_since(const WatchedTask& need, const WatchedTask& task);

// Is notified while a group is created and watched. Called by one thread.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  // This many of its tasks exist now.
  virtual void creating(std::size_t created, std::size_t total) = 0;
  virtual void note(event::Level level, const std::string& text) = 0;
  // The tasks are known from now on. The group is borrowed only during each call.
  virtual void found(const WatchedGroup& group) = 0;
  // The group was polled; `changed` lists the tasks that are different now and may be empty.
  virtual void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) = 0;
  // Called regularly between polls, for displays that show elapsed time.
  virtual void tick(const WatchedGroup& group) = 0;
  // The end: nothing follows, and any moving display disappears.
  virtual void finish() = 0;
};

}  // namespace quern

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
#include "model/taskcluster/task_state.h"

// The tasks of a job on a deployment, as far as somebody who watches them knows.

namespace quern {

struct WatchedTask {
  std::string id;
  std::string label;  // "map 17/200"
  TaskKind kind = TaskKind::kMap;
  bool is_final = false;
  std::vector<std::size_t> needs;  // tasks of the group, before it in the list
  TaskState state = TaskState::kOther;
  // Of its latest run, if it has one.
  std::size_t runs = 0;
  std::string reason = {};  // as Taskcluster calls it: "failed", "claim-expired"; "" while it goes on
  std::string log = {};     // a link for people
  std::string cause = {};   // what the task itself says of why it failed; "" where it could not, or nobody asked
  std::optional<UtcTime> started = {};
  std::optional<UtcTime> resolved = {};
};

struct WatchedGroup {
  std::string id;
  std::string page;                // a link for people
  std::string job;                 // its name
  std::vector<WatchedTask> tasks;  // by kind and number; those that a task needs stand before it
  std::size_t final_task = 0;
  std::optional<UtcTime> begun = {};  // when the first task could be taken by a worker
  UtcTime deadline = {};              // of the final task
};

// Tasks of one kind by their state, in the order of TaskState; its last one are those of states that we do not know.
using StateCounts = std::array<std::size_t, 7>;
StateCounts count_states(const WatchedGroup& group, TaskKind kind);
// Runs beyond the first of each task.
std::size_t count_retries(const WatchedGroup& group);
bool has_failed(const WatchedTask& task);

// "map 17/200 failed in run 2: its worker was lost": what became of a task, in one line and without its log. Its own
// words count before those for a command that failed.
std::string fate_in_words(const WatchedTask& task);
// Whether `need` ended after the task began: what the task met is not what is there now.
bool has_ended_since(const WatchedTask& need, const WatchedTask& task);

// Who is shown how a group is made and what becomes of it. Called by one thread.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  // So many of its tasks are created by now.
  virtual void creating(std::size_t created, std::size_t total) = 0;
  virtual void note(event::Level level, const std::string& text) = 0;
  // The tasks are known from here on; the group is borrowed during the calls only.
  virtual void found(const WatchedGroup& group) = 0;
  // These tasks are not as they were; perhaps none is.
  virtual void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) = 0;
  // Time has passed.
  virtual void tick(const WatchedGroup& group) = 0;
  // Nothing follows; what moves on a terminal goes away.
  virtual void finish() = 0;
};

}  // namespace quern

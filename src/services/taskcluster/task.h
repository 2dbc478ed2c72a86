#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utc_time.h"
#include "model/taskcluster/watched_group.h"

// Data of Taskcluster's queue, as plain values.

namespace quern::taskcluster {

using quern::name_of;
using quern::TaskState;

// When a task must be finished, and when it is deleted.
struct TaskDates {
  UtcTime deadline;
  UtcTime expires;
};

struct TaskRun {
  int run_id = 0;
  TaskState state = TaskState::kOther;
  std::string reason_created;   // "scheduled", "retry", "task-retry", "rerun", "exception"
  std::string reason_resolved;  // "completed", "failed", "claim-expired", "canceled", ...; "" while it has not ended
  std::string worker_group;     // "" until a worker has claimed it
  std::string worker_id;
  std::optional<UtcTime> scheduled;
  std::optional<UtcTime> started;
  std::optional<UtcTime> resolved;
};

struct TaskStatus {
  std::string task_id;
  std::string task_group_id;
  std::string task_queue_id;
  std::string scheduler_id;
  std::string project_id;
  std::string priority;
  TaskState state = TaskState::kOther;
  int retries_left = 0;
  UtcTime deadline;
  UtcTime expires;
  std::vector<TaskRun> runs;  // in order; the last one is the latest

  // Whether the task has ended and no further run follows automatically.
  bool is_resolved() const;
};

struct TaskDefinition {
  std::string task_queue_id;
  std::string scheduler_id;
  std::string task_group_id;
  std::vector<std::string> dependencies;
  std::string name;  // metadata.name
  std::map<std::string, std::string> tags;
  std::string json;  // the complete definition
};

struct GroupedTask {
  TaskStatus status;
  TaskDefinition definition;
};

struct TaskGroup {
  std::string task_group_id;
  std::string scheduler_id;
  UtcTime expires;
  std::optional<UtcTime> sealed;  // since then no task can be added
};

struct GroupCancellation {
  std::uint64_t group_size = 0;
  std::uint64_t cancelled_count = 0;
  std::vector<std::string> task_ids;
};

struct Artifact {
  std::string storage_type;  // "s3", "object", "reference", "link", "error"
  std::string name;
  std::string content_type;
  std::optional<std::uint64_t> content_length;  // before compression with gzip, as reported by the worker
  UtcTime expires;

  // Whether the artifact has bytes; errors are listed as artifacts too.
  bool has_content() const { return storage_type != "error"; }
};

struct ArtifactPlace {
  std::string task_id;
  std::optional<int> run_id;  // nullopt: the latest run, even if it has only begun
  std::string name;
};

// Reads from a task definition, as JSON, what work the task does. Pure functions.

// Returns payload.env.NAME; "" if it is missing or the definition is invalid.
std::string environment_of(std::string_view definition, const std::string& name);

// Returns the first field that shows that two definitions describe different work, such as "payload.env.QUERN_JOB"; ""
// if there is none. Ignores times, priority, retries, metadata and tags, and also CREDENTIALS, which are sealed again
// each time.
std::string difference_in_work(std::string_view one, std::string_view other);

}  // namespace quern::taskcluster

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utc_time.h"
#include "model/taskcluster/task_state.h"

// What Taskcluster's queue knows, as plain values.

namespace quern::taskcluster {

using quern::name_of;
using quern::TaskState;

// When a task must be done, and when it is deleted.
struct TaskDates {
  UtcTime deadline;
  UtcTime expires;
};

struct TaskRun {
  int run_id = 0;
  TaskState state = TaskState::kOther;
  std::string reason_created;   // "scheduled", "retry", "task-retry", "rerun", "exception"
  std::string reason_resolved;  // "completed", "failed", "claim-expired", "canceled", ...; "" while it is not
  std::string worker_group;     // "" before a worker has it
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
  std::vector<TaskRun> runs;  // in their order; the last one is the latest

  // It has ended, and no run follows by itself.
  bool is_resolved() const;
};

struct TaskDefinition {
  std::string task_queue_id;
  std::string scheduler_id;
  std::string task_group_id;
  std::vector<std::string> dependencies;
  std::string name;  // metadata.name
  std::map<std::string, std::string> tags;
  std::string json;  // all of it
};

struct GroupedTask {
  TaskStatus status;
  TaskDefinition definition;
};

struct TaskGroup {
  std::string task_group_id;
  std::string scheduler_id;
  UtcTime expires;
  std::optional<UtcTime> sealed;  // no task can be added since then
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
  std::optional<std::uint64_t> content_length;  // before any gzip, as the worker said
  UtcTime expires;

  // It has bytes; an error is listed as well.
  bool has_content() const { return storage_type != "error"; }
};

struct ArtifactPlace {
  std::string task_id;
  std::optional<int> run_id;  // none: the latest run, even if that one has only begun
  std::string name;
};

}  // namespace quern::taskcluster

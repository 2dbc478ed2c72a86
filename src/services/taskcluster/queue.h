#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/taskcluster/answers.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/task.h"

namespace quern::taskcluster {

// Taskcluster's queue (https://docs.taskcluster.net/docs/reference/platform/queue/api). All calls block and may safely
// be repeated. Errors are those of Api, and kBadInput if an argument is not a valid slugid or artifact name. Belongs to
// the thread of the Api, which it borrows.
class Queue {
 public:
  explicit Queue(Api& api) : api_(api) {}

  // `definition` is JSON. Creating the same task with the same definition again succeeds; with another definition, or
  // in a sealed group, it is refused with code 409. It is refused with code 400 if `created` is more than 15 minutes
  // from the deployment's time.
  Result<TaskStatus> create_task(const std::string& task_id, const std::string& definition,
                                 const std::stop_token& stop);
  Result<TaskDefinition> task(const std::string& task_id, const std::stop_token& stop);
  Result<TaskStatus> status(const std::string& task_id, const std::stop_token& stop);
  // Returns statuses in any order, and none for tasks that do not exist. Sends one request per thousand tasks.
  Result<std::vector<TaskStatus>> statuses(const std::vector<std::string>& task_ids, const std::stop_token& stop);
  // Calls `take` for each task, page by page. Stops at an error of `take` and returns it.
  Result<TaskGroup> list_task_group(const std::string& group_id,
                                    const std::function<Result<void>(const GroupedTask&)>& take,
                                    const std::stop_token& stop);

  // Adds a run to a task that has ended, whatever the state of its dependencies.
  Result<TaskStatus> rerun(const std::string& task_id, const std::stop_token& stop);
  Result<TaskStatus> cancel(const std::string& task_id, const std::stop_token& stop);
  // Prevents new tasks from being added to the group; this cannot be undone.
  Result<TaskGroup> seal_group(const std::string& group_id, const std::stop_token& stop);
  // Refused with code 409 unless the group is sealed.
  Result<GroupCancellation> cancel_group(const std::string& group_id, const std::stop_token& stop);

  // Lists the artifacts of a run, or of the latest run for nullopt.
  Result<std::vector<Artifact>> list_artifacts(const std::string& task_id, std::optional<int> run_id,
                                               const std::stop_token& stop);
  Result<Artifact> artifact_info(const ArtifactPlace& place, const std::stop_token& stop);
  // Returns where the artifact's bytes are; the queue has resolved links.
  Result<ArtifactContent> artifact_content(const ArtifactPlace& place, const std::stop_token& stop);

 private:
  Result<void> add_statuses(const std::vector<std::string>& task_ids, std::vector<TaskStatus>& statuses,
                            const std::stop_token& stop);

  Api& api_;
};

// For a Batch: parse_task_status() parses the answers. Ids are not checked.
Question create_task_question(const std::string& task_id, std::string definition);
Question rerun_question(const std::string& task_id);

}  // namespace quern::taskcluster

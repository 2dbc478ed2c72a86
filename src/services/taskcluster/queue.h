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

// Taskcluster's queue (https://docs.taskcluster.net/docs/reference/platform/queue/api). All calls block, and can be
// repeated without harm. Errors are those of Api; kBadInput for what is no slugid or no artifact's name. Belongs to the
// thread of the Api, which it borrows.
class Queue {
 public:
  explicit Queue(Api& api) : api_(api) {}

  // `definition` is JSON. The same definition again is accepted; another one, or one for a sealed group, is refused
  // with code 409, and one whose `created` is more than 15 minutes away with 400.
  Result<TaskStatus> create_task(const std::string& task_id, const std::string& definition,
                                 const std::stop_token& stop);
  Result<TaskDefinition> task(const std::string& task_id, const std::stop_token& stop);
  Result<TaskStatus> status(const std::string& task_id, const std::stop_token& stop);
  // In any order; of tasks that are not there, none. One request for each thousand.
  Result<std::vector<TaskStatus>> statuses(const std::vector<std::string>& task_ids, const std::stop_token& stop);
  // Calls `take` for each task, page by page. Ends with the error of `take`, if it has one.
  Result<TaskGroup> list_task_group(const std::string& group_id,
                                    const std::function<Result<void>(const GroupedTask&)>& take,
                                    const std::stop_token& stop);

  // Adds a run to a task that has ended, whatever became of its dependencies.
  Result<TaskStatus> rerun(const std::string& task_id, const std::stop_token& stop);
  Result<TaskStatus> cancel(const std::string& task_id, const std::stop_token& stop);
  // No task can be added to the group any more; this cannot be undone.
  Result<TaskGroup> seal_group(const std::string& group_id, const std::stop_token& stop);
  // Refused with code 409 unless the group is sealed.
  Result<GroupCancellation> cancel_group(const std::string& group_id, const std::stop_token& stop);

  // Of a run, or of the latest one.
  Result<std::vector<Artifact>> list_artifacts(const std::string& task_id, std::optional<int> run_id,
                                               const std::stop_token& stop);
  Result<Artifact> artifact_info(const ArtifactPlace& place, const std::stop_token& stop);
  // Where its bytes are; links were followed by the queue.
  Result<ArtifactContent> artifact_content(const ArtifactPlace& place, const std::stop_token& stop);

 private:
  Result<void> add_statuses(const std::vector<std::string>& task_ids, std::vector<TaskStatus>& statuses,
                            const std::stop_token& stop);

  Api& api_;
};

// For a Batch: their answers are what parse_task_status() takes. Ids are not checked.
Question create_task_question(const std::string& task_id, std::string definition);
Question rerun_question(const std::string& task_id);

}  // namespace quern::taskcluster

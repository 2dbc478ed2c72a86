#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/limits.h"
#include "model/taskcluster/watched_group.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/task.h"

// Observes the tasks of a job. Not thread-safe: belongs to the thread of the Api. Blocks.

namespace quern::limits {

// For how many failed tasks the cause is fetched: it takes two requests for each, while the watch waits.
inline constexpr std::size_t kExplainedFailures = 100;

}  // namespace quern::limits

namespace quern::watch {

// How a job ended, according to its final task.
enum class Ending { kNone, kCompleted, kFailed };

// The tasks of one group and their states, as of the last look().
class GroupWatch {
 public:
  // Lists the group, once; tasks that quern did not make are left out. kNotFound if there is no such group. kBadInput
  // if quern made none of its tasks, or the final one is missing because its submission was not finished.
  static Result<GroupWatch> open(taskcluster::Api& api, const std::string& group_id, const std::stop_token& stop);

  const WatchedGroup& group() const { return group_; }
  const WatchedTask& final_task() const { return group_.tasks[group_.final_task]; }
  // The prefix of artifacts' names, from the final task's definition.
  const std::string& artifact_prefix() const { return artifact_prefix_; }
  // The folder of the job as packed in its final task; "" if the image has it.
  const std::string& packed_job() const { return packed_job_; }

  // Finds out why a task failed, for WatchedTask::cause; "" if it is not known. Called immediately for tasks that have
  // failed, and later whenever one fails, but at most limits::kExplainedFailures times.
  using Explain = std::function<std::string(const WatchedTask& task)>;
  void explain_with(Explain explain);

  // Requests the states of the tasks that have not ended, a thousand per request, and returns those that changed.
  Result<std::vector<std::size_t>> look(const std::stop_token& stop);
  // Takes the queue's status of one task. Returns whether it changed.
  bool take(std::size_t task, const taskcluster::TaskStatus& status);

  // Also returns kFailed if the final task can never run: its deadline has passed some time ago, or a task outside of
  // the group that others need has failed.
  Ending ending(UtcTime now) const;
  // For a job that failed: why, in one line.
  std::string why_failed() const;

 private:
  // A task outside of the group that some of its tasks need, such as the one that makes their image.
  struct Outsider {
    std::string id;
    TaskState state = TaskState::kOther;
  };
  explicit GroupWatch(taskcluster::Api& api) : api_(&api) {}
  const Outsider* failed_outsider() const;
  const WatchedTask& cause_of_failure() const;
  std::vector<std::string> open_ids() const;
  void explain(std::size_t task);
  std::string link_to_log(const taskcluster::TaskRun& run, const std::string& task_id) const;

  friend class Listing;
  taskcluster::Api* api_;
  WatchedGroup group_;
  std::map<std::string, std::size_t, std::less<>> numbers_;  // the tasks' numbers by id
  std::vector<Outsider> outsiders_;
  std::string artifact_prefix_;
  std::string packed_job_;
  Explain explain_;
  std::size_t explained_ = 0;  // how often the explanation was requested
};

struct PollOptions {
  std::chrono::milliseconds longest = limits::kPollInterval;  // between two polls
};

class Rerun;
// Polls the group, frequently at first and then less often, until the job has ended, and passes changes to `sink`, but
// not the list itself. With `rerun`, runs failed tasks again until nothing more can be done. Fails with kStopped if
// stopped.
Result<Ending> watch_to_end(GroupWatch& watch, GroupSink& sink, const PollOptions& options, Rerun* rerun,
                            const std::stop_token& stop);

}  // namespace quern::watch

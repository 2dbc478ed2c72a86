#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/group/group_limits.h"
#include "base/result.h"
#include "model/limits.h"
#include "model/taskcluster/watched_group.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/task.h"

// What becomes of the tasks of a job. All of it belongs to the thread of the Api, and blocks.

namespace quern::watch {

// How a job ended, as its final task tells.
enum class Ending { kNone, kCompleted, kFailed };

class GroupWatch {
 public:
  // Lists the group, once: tasks that quern did not make are left out. kNotFound: there is no such group. kBadInput:
  // quern made none of its tasks, or the final one is not there, as its submission was not finished.
  static Result<GroupWatch> open(taskcluster::Api& api, const std::string& group_id, const std::stop_token& stop);

  const WatchedGroup& group() const { return group_; }
  const WatchedTask& final_task() const { return group_.tasks[group_.final_task]; }
  // Of the names of artifacts, as the final task's definition says.
  const std::string& artifact_prefix() const { return artifact_prefix_; }
  // The folder of the job as its final task carries it; "" if the image has it.
  const std::string& packed_job() const { return packed_job_; }

  // Who says why a task failed, for WatchedTask::cause: asked at once about those that have failed, and later when one
  // does, limits::kExplainedFailures times in all. "": nobody knows.
  using Explain = std::function<std::string(const WatchedTask& task)>;
  void explain_with(Explain explain);

  // Asks for the tasks that have not ended, a thousand with each request, and returns those that changed.
  Result<std::vector<std::size_t>> look(const std::stop_token& stop);
  // Takes what the queue says of one task; whether it changed.
  bool take(std::size_t task, const taskcluster::TaskStatus& status);

  // kFailed also where the final task can never run: its deadline has passed a while ago, or a task outside of the
  // group that others need has failed.
  Ending ending(UtcTime now) const;
  // Of a job that failed: one line.
  std::string why_failed() const;

 private:
  // A task outside of the group that some of its tasks need, as the one that makes their image.
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
  std::map<std::string, std::size_t, std::less<>> numbers_;  // of tasks, by id
  std::vector<Outsider> outsiders_;
  std::string artifact_prefix_;
  std::string packed_job_;
  Explain explain_;
  std::size_t explained_ = 0;  // how often it was asked
};

struct PollOptions {
  std::chrono::milliseconds longest = limits::kPollInterval;  // between two looks
};

class Rerun;
// Looks at the group again and again, soon at first and then less often, until the job has ended, and shows `sink` what
// it sees; it does not show the list itself. With `rerun`, runs again what has failed, until nothing more can be done.
// kStopped if stopped.
Result<Ending> watch_to_end(GroupWatch& watch, GroupSink& sink, const PollOptions& options, Rerun* rerun,
                            const std::stop_token& stop);

}  // namespace quern::watch

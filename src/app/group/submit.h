#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/task.h"

// Creates the planned tasks on a deployment. Not thread-safe: belongs to the thread of the Api. Blocks.

namespace quern::submit {

struct Task {
  std::string id;
  std::string label;               // "map 17/200"
  std::vector<std::size_t> needs;  // tasks before it in the list
};

struct Plan {
  std::string group_id;
  std::vector<Task> tasks;
  // Returns the body of createTask with this time of creation.
  std::function<std::string(std::size_t task, UtcTime created)> definition;
};

// Fails with kDenied without sending a request if there are no credentials, and with kDenied if the clocks of the
// deployment and this machine differ by more than limits::kMaxClockDifference: it would refuse the tasks.
Result<void> check_access(taskcluster::Api& api, const std::stop_token& stop);

// The scopes that the caller holds. Empty if the deployment does not report them, because auth:current-scopes is
// missing; `why` then has its message. Refused credentials are an error.
struct HeldScopes {
  std::optional<std::vector<std::string>> scopes;
  std::string why = {};
};
Result<HeldScopes> held_scopes(taskcluster::Api& api, const std::stop_token& stop);
// The error that these scopes are missing, for the tasks and for watching them. Lists all of them, one per line.
Error lacks_scopes(const std::vector<std::string>& for_tasks, const std::vector<std::string>& to_watch);

// What a watch and a fetch request.
struct WatchedThings {
  std::string group_id;
  std::string task_id;
  std::string artifact;
};
// Requests these things, which need not exist. Fails with kDenied if the caller may not read them.
Result<void> try_to_watch(taskcluster::Api& api, const WatchedThings& things, const std::stop_token& stop);

// Which tasks of the plan already exist in the group; none if the group does not exist.
struct FoundTasks {
  std::vector<bool> is_there;
  // The dates for tasks that are still to be created: the earliest of those that exist, so that no task is deleted
  // while another one needs it. Empty if the group has no tasks.
  std::optional<taskcluster::TaskDates> dates = {};
};
// Fails with kBadInput and advice if the group has tasks of another plan, if one of its tasks does other work than the
// planned one, or if some are missing and cannot be added because the group is sealed or its deadline has passed.
Result<FoundTasks> find_tasks(taskcluster::Api& api, const Plan& plan, const std::stop_token& stop);

// Creates the missing tasks, each after all that it needs, limits::kMostQuestionsAtOnce at a time. `on_created`
// receives the number of existing tasks. A task's creation time is set when it is first requested; further attempts
// repeat the same bytes. If the deployment refuses a task, the group is sealed and cancelled, and Error::details say
// so; it is left unchanged if nothing was created here. After any other error, and if stopped, it is left as it is, and
// details explain how to continue and how to cancel.
Result<void> create_tasks(taskcluster::Api& api, const Plan& plan, const std::vector<bool>& is_there,
                          const std::function<void(std::size_t)>& on_created, const std::stop_token& stop);

// Seals the group and cancels all its tasks that have not ended.
Result<taskcluster::GroupCancellation> cancel_group(taskcluster::Api& api, const std::string& group_id,
                                                    const std::stop_token& stop);

}  // namespace quern::submit

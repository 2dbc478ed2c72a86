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

// Planned tasks to tasks of a deployment. All of it belongs to the thread of the Api, and blocks.

namespace quern::submit {

struct Task {
  std::string id;
  std::string label;               // "map 17/200"
  std::vector<std::size_t> needs;  // tasks before it in the list
};

struct Plan {
  std::string group_id;
  std::vector<Task> tasks;
  // What createTask takes, with this time of creation.
  std::function<std::string(std::size_t task, UtcTime created)> definition;
};

// kDenied, and nothing was asked for, if nobody's credentials are there; kDenied if the deployment's clock and ours
// differ by more than limits::kMaxClockDifference, as it would refuse the tasks.
Result<void> check_access(taskcluster::Api& api, const std::stop_token& stop);

// What the caller may do. None where the deployment does not tell the caller, for lack of auth:current-scopes; `why`
// has its words. Refused credentials are an error.
struct HeldScopes {
  std::optional<std::vector<std::string>> scopes;
  std::string why = {};
};
Result<HeldScopes> held_scopes(taskcluster::Api& api, const std::stop_token& stop);
// That these are missing, for the tasks and for watching them: all of them, one a line.
Error lacks_scopes(const std::vector<std::string>& for_tasks, const std::vector<std::string>& to_watch);

// What a watch and a fetch ask for.
struct WatchedThings {
  std::string group_id;
  std::string task_id;
  std::string artifact;
};
// Asks for these, which need not be there: kDenied if the caller may not.
Result<void> try_to_watch(taskcluster::Api& api, const WatchedThings& things, const std::stop_token& stop);

// Which tasks of the plan the group has already; none if the group does not exist.
struct FoundTasks {
  std::vector<bool> is_there;
  // For the tasks that are still to be created: the earliest of those that exist, so that no task is deleted while
  // another one needs it. Empty if the group has no task.
  std::optional<taskcluster::TaskDates> dates = {};
};
// kBadInput, with what to do, if the group has tasks of another plan, if one of its tasks does other work than the
// planned one, or if some are missing and cannot be added, as it is sealed or its deadline has passed.
Result<FoundTasks> find_tasks(taskcluster::Api& api, const Plan& plan, const std::stop_token& stop);

// Creates what is not there, each task after all that it needs, limits::kMostQuestionsAtOnce at a time. `on_created` is
// told how many are there. Creation times are taken when a task is asked for first; attempts repeat the same bytes. If
// the deployment refuses one, the group is sealed and cancelled, and Error::details say so; it is left alone if nothing
// was created here. After any other error, and a stop, it is left as it is, and details say how to go on and how to
// cancel.
Result<void> create_tasks(taskcluster::Api& api, const Plan& plan, const std::vector<bool>& is_there,
                          const std::function<void(std::size_t)>& on_created, const std::stop_token& stop);

// Seals the group and cancels all its tasks that have not ended.
Result<taskcluster::GroupCancellation> cancel_group(taskcluster::Api& api, const std::string& group_id,
                                                    const std::stop_token& stop);

}  // namespace quern::submit

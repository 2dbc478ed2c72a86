#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "app/group/submit.h"
#include "model/limits.h"
#include "services/taskcluster/queue.h"
#include "services/taskcluster/services.h"

namespace quern::submit {
namespace {

std::string in_words(std::size_t scopes) { return scopes == 1 ? "a scope" : fmt::format("{} scopes", scopes); }

template <typename T>
Result<void> unless_it_is_missing(Result<T> asked) {
  if (asked.ok() || asked.error().kind == ErrorKind::kNotFound) return {};
  return std::move(asked).error().with_context(
      "the tasks could not be watched, so none was created (--no-watch does without)");
}

}  // namespace

Result<void> check_access(taskcluster::Api& api, const std::stop_token& stop) {
  if (!api.access().credentials.has_value() && !api.access().is_proxy) {
    return Error{.kind = ErrorKind::kDenied,
                 .message =
                     "nobody may create tasks without credentials: set TASKCLUSTER_CLIENT_ID and "
                     "TASKCLUSTER_ACCESS_TOKEN, and TASKCLUSTER_CERTIFICATE for temporary ones"};
  }
  TRY_ASSIGN(auto difference, taskcluster::clock_difference(api, stop));
  // A deployment that does not send its time will refuse tasks itself and explain why.
  if (!difference.has_value() || std::chrono::abs(*difference) <= limits::kMaxClockDifference) return {};
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("the clock of this machine is {} {} that of {}, which would refuse the tasks; "
                                      "set it right",
                                      rough_duration(*difference), difference->count() > 0 ? "behind" : "ahead of",
                                      api.access().root_url)};
}

Result<HeldScopes> held_scopes(taskcluster::Api& api, const std::stop_token& stop) {
  auto scopes = taskcluster::current_scopes(api, stop);
  if (scopes.ok()) return HeldScopes{.scopes = std::move(scopes).value()};
  constexpr int kForbidden = 403;
  if (scopes.error().code != kForbidden) return std::move(scopes).error();
  return HeldScopes{.scopes = std::nullopt, .why = std::move(scopes).error().message};
}

Error lacks_scopes(const std::vector<std::string>& for_tasks, const std::vector<std::string>& to_watch) {
  std::string lacking;
  if (!for_tasks.empty()) lacking = in_words(for_tasks.size()) + " that the tasks need";
  if (!to_watch.empty()) {
    lacking += fmt::format("{}{} that watching them and fetching their result needs (--no-watch does without)",
                           lacking.empty() ? "" : ", and ", in_words(to_watch.size()));
  }
  std::vector<std::string> all = for_tasks;
  all.insert(all.end(), to_watch.begin(), to_watch.end());
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("these credentials lack {}, so no task was created; ask the administrators of "
                                      "the deployment for:",
                                      lacking),
               .details = fmt::format("{}", fmt::join(all, "\n"))};
}

Result<void> try_to_watch(taskcluster::Api& api, const WatchedThings& things, const std::stop_token& stop) {
  taskcluster::Queue queue(api);
  auto pass = [](const taskcluster::GroupedTask& /*task*/) { return Result<void>(); };
  TRY(unless_it_is_missing(queue.list_task_group(things.group_id, pass, stop)));
  TRY(unless_it_is_missing(queue.statuses({things.task_id}, stop)));
  return unless_it_is_missing(
      queue.artifact_content({.task_id = things.task_id, .run_id = {}, .name = things.artifact}, stop));
}

}  // namespace quern::submit

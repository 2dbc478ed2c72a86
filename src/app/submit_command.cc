#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/group/fetch_result.h"
#include "app/group/group_session.h"
#include "app/group/group_target.h"
#include "app/group/job_plan.h"
#include "app/group/submit.h"
#include "app/watch_command.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/scopes.h"

namespace quern::app {
namespace {

Result<JobPlan> plan(const CommandLine& line, GroupSession& session) {
  TRY_ASSIGN(JobPlanOptions options, job_plan_options(line));
  if (!options.group_id.has_value()) options.group_id = taskcluster::make_slugid(taskcluster::system_random);
  TRY_ASSIGN(JobPlan planned, plan_job(line, options, session.stop()));
  TRY(plan::check_graph(planned.graph));
  for (const std::string& note : planned.parts->inputs.notes) session.sink().note(event::Level::kInfo, note);
  return planned;
}

// Converts the graph to the form that create_tasks() needs. The result borrows it.
submit::Plan tasks_of(const plan::TaskGraph& graph) {
  submit::Plan tasks{.group_id = graph.group_id(), .tasks = {}, .definition = {}};
  for (const plan::PlannedTask& task : graph.tasks()) {
    tasks.tasks.push_back({.id = task.task_id, .label = task.label, .needs = task.needs});
  }
  tasks.definition = [&graph](std::size_t task, UtcTime created) { return graph.definition(task, created); };
  return tasks;
}

// Finds out what the credentials do not permit before anything is created that would have to be undone.
Result<void> check_scopes(const CommandLine& line, GroupSession& session, const plan::TaskGraph& graph) {
  TRY_ASSIGN(submit::HeldScopes held, submit::held_scopes(session.api(), session.stop()));
  const bool watches = !line.tasks.no_watch;
  if (!held.scopes.has_value()) {
    // The deployment checks each createTask, and if it refuses one, the group is cancelled.
    session.sink().note(event::Level::kWarning, "the scopes cannot be checked before tasks are created: " + held.why);
    return watches ? submit::try_to_watch(session.api(), watched_things(graph), session.stop()) : Result<void>();
  }
  const auto missing = plan::missing_scopes(graph, *held.scopes);
  std::vector<std::string> to_watch;
  if (watches) {
    const plan::Watching watching{.is_group_known = line.tasks.group.has_value(), .runs_again = line.tasks.retries > 0};
    to_watch = plan::missing_to_watch(graph, watching, *held.scopes);
  }
  if (missing.empty() && to_watch.empty()) return {};
  return submit::lacks_scopes(missing, to_watch);
}

void remember(GroupSession& session, const JobPlan& planned) {
  const GroupTarget target{.group_id = planned.graph.group_id(), .root_url = planned.parts->root_url};
  auto written = remember_group(planned.parts->loaded.file.job.folder, target);
  if (written.ok()) return;
  session.sink().note(event::Level::kInfo, fmt::format("{}; name the group by its id, {}, to watch it",
                                                       written.error().message, target.group_id));
}

Result<void> create(GroupSession& session, const JobPlan& planned, bool is_resumed) {
  submit::Plan tasks = tasks_of(planned.graph);
  submit::FoundTasks found{.is_there = std::vector<bool>(tasks.tasks.size(), false)};
  if (is_resumed) {
    TRY_ASSIGN(found, submit::find_tasks(session.api(), tasks, session.stop()));
    tasks.definition = [&](std::size_t task, UtcTime created) {
      return planned.graph.definition(task, created, found.dates);
    };
  }
  remember(session, planned);
  session.sink().note(event::Level::kInfo,
                      fmt::format("task group {}", taskcluster::group_page(planned.parts->root_url, tasks.group_id)));
  auto on_created = [&](std::size_t created) { session.sink().creating(created, tasks.tasks.size()); };
  return submit::create_tasks(session.api(), tasks, found.is_there, on_created, session.stop());
}

// Where the result is fetched to; absent if it is not fetched.
std::optional<std::string> output_of(const CommandLine& line, const JobPlan& planned) {
  if (line.tasks.no_watch || line.tasks.no_fetch) return std::nullopt;
  return line.tasks.output.value_or(planned.parts->loaded.file.job.output);
}

Result<int> create_and_watch(const CommandLine& line, GroupSession& session, const JobPlan& planned,
                             const Leaves& leaves) {
  TRY(session.connect(planned.parts->root_url, planned.parts->settings.patience));
  TRY(submit::check_access(session.api(), session.stop()));
  TRY(check_scopes(line, session, planned.graph));
  TRY(create(session, planned, line.tasks.group.has_value()));
  const std::string& group_id = planned.graph.group_id();
  if (line.tasks.no_watch) {
    session.sink().finish();
    TRY(print(group_id + "\n"));
    return 0;
  }
  return watch_group(session, group_id, {.poll = line.tasks.poll, .retries = line.tasks.retries, .leaves = leaves});
}

Result<int> submit_job(const CommandLine& line, GroupSession& session) {
  TRY_ASSIGN(JobPlan planned, plan(line, session));
  Leaves leaves{.result = output_of(line, planned), .beside = {}};
  if (leaves.result.has_value()) TRY(check_output(*leaves.result, line, &planned.parts->loaded.file.job));
  if (leaves.result != "-") leaves.beside = leaves.result;
  return account_for_failure(session, leaves.beside, [&]() -> Result<int> {
    auto status = create_and_watch(line, session, planned, leaves);
    if (status.ok() || !line.tasks.group.has_value()) return status;
    return how_to_go_on(std::move(status).error(), "submit --group", *line.tasks.group);
  });
}

}  // namespace

int submit_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return submit_job(line, session); });
}

}  // namespace quern::app

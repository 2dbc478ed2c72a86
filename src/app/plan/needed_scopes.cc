#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "app/plan/graph_parts.h"
#include "app/plan/plan.h"
#include "services/taskcluster/scopes.h"
#include "services/taskcluster/services.h"

namespace quern::plan {
namespace {

constexpr std::string_view kPublic = "public/";

void add_s3_scopes(const GraphParts& parts, const PlannedTask& task, std::vector<std::string>& scopes) {
  const Load& load = parts.loads[task.load];
  taskcluster::S3RequestsMaker maker;
  PackedInputs::Reader reader(parts.request.inputs, load.first);
  for (std::size_t i = 0; i < load.count; ++i) maker.add(reader.next()->url);
  for (const taskcluster::S3Request& request : maker.requests()) {
    scopes.push_back(taskcluster::scope_of(request));
  }
}

// Adds each scope once, in order of first appearance.
void add_new(const std::vector<std::string>& from, std::set<std::string>& known, std::vector<std::string>& scopes) {
  for (const std::string& scope : from) {
    if (known.insert(scope).second) scopes.push_back(scope);
  }
}

// The scopes that are needed to create any of the tasks, except for the priority.
std::vector<std::string> creation_scopes(const Settings& settings) {
  std::vector<std::string> scopes = {"queue:scheduler-id:" + settings.scheduler_id,
                                     "queue:create-task:project:" + settings.project_id};
  for (const std::string& route : settings.routes) scopes.push_back("queue:route:" + route);
  return scopes;
}

std::vector<std::string> task_scopes(const TaskGraph& graph) {
  std::set<std::string> known;
  std::vector<std::string> scopes;
  for (const PlannedTask& task : graph.tasks()) add_new(scopes_of(graph.parts(), task), known, scopes);
  return scopes;
}

std::string priority_scope(const Settings& settings, const std::string& priority) {
  return "queue:create-task:" + priority + ":" + settings.task_queue;
}

bool may_create(const Settings& settings, const std::vector<std::string>& held) {
  for (const std::string& priority : kPriorities) {
    const std::string scope = priority_scope(settings, priority);
    if (std::any_of(held.begin(), held.end(), [&](const auto& own) { return taskcluster::satisfies(own, scope); })) {
      return true;
    }
    if (priority == settings.priority) return false;
  }
  return false;
}

}  // namespace

std::vector<std::string> scopes_of(const GraphParts& parts, const PlannedTask& task) {
  const Settings& settings = parts.request.settings;
  std::vector<std::string> scopes = settings.scopes;
  if (!settings.image.path.empty() && !settings.image.path.starts_with(kPublic)) {
    scopes.push_back("queue:get-artifact:" + settings.image.path);
  }
  bool is_map = task.kind == TaskKind::kMap;
  if (is_map && parts.s3_access == S3Access::kTaskcluster) add_s3_scopes(parts, task, scopes);
  if (!is_map && !(settings.artifact_prefix + "/").starts_with(kPublic)) {
    scopes.push_back("queue:get-artifact:" + settings.artifact_prefix + "/*");
  }
  if (task.is_final && parts.request.job.notify.via == NotifyVia::kTaskcluster) {
    scopes.push_back("notify:email:" + parts.request.job.owner);
  }
  std::set<std::string> known;
  std::vector<std::string> distinct;
  add_new(scopes, known, distinct);
  return distinct;
}

std::vector<std::string> needed_scopes(const TaskGraph& graph) {
  const Settings& settings = graph.parts().request.settings;
  std::vector<std::string> scopes = {priority_scope(settings, settings.priority)};
  for (const auto& part : {creation_scopes(settings), task_scopes(graph)}) {
    scopes.insert(scopes.end(), part.begin(), part.end());
  }
  return scopes;
}

std::vector<std::string> missing_scopes(const TaskGraph& graph, const std::vector<std::string>& held) {
  const Settings& settings = graph.parts().request.settings;
  std::vector<std::string> missing = taskcluster::missing_scopes(held, needed_scopes(graph));
  if (may_create(settings, held)) std::erase(missing, priority_scope(settings, settings.priority));
  return missing;
}

std::vector<std::string> missing_to_watch(const TaskGraph& graph, const Watching& watching,
                                          const std::vector<std::string>& held) {
  const Settings& settings = graph.parts().request.settings;
  const std::string group = watching.is_group_known ? graph.group_id() : "*";
  std::vector<std::string> needed = {"queue:list-task-group:" + group, "queue:status:*",
                                     "queue:get-artifact:" + graph.artifact_prefix() + "/*"};
  const std::string of_project = "queue:rerun-task-in-project:" + settings.project_id;
  if (watching.runs_again && !taskcluster::missing_scopes(held, {of_project}).empty()) {
    needed.push_back(
        fmt::format("queue:rerun-task:{}/{}", settings.scheduler_id, watching.is_group_known ? group + "/*" : group));
  }
  return taskcluster::missing_scopes(held, needed);
}

}  // namespace quern::plan

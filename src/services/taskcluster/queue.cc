#include "services/taskcluster/queue.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "base/secret.h"
#include "model/limits.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

// A listing of a group includes the definitions of all its tasks, each of which may exceed a hundred KiB.
constexpr std::size_t kListedTasksAtOnce = 200;

Result<void> check_id(const std::string& id) {
  if (is_slugid(id)) return {};
  std::string message = "this is not the id of a task or a task group: ";
  message += id.substr(0, limits::kMaxErrorTextBytes);
  return bad_input(std::move(message));
}

Result<void> check_place(const ArtifactPlace& place) {
  TRY(check_id(place.task_id));
  bool is_name = !place.name.empty() && place.name.size() <= limits::kMaxArtifactNameBytes &&
                 std::all_of(place.name.begin(), place.name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (is_name && place.run_id.value_or(0) >= 0) return {};
  return bad_input("an artifact's name must be 1 to " + std::to_string(limits::kMaxArtifactNameBytes) +
                   " printable characters of ASCII, and its run 0 or more");
}

// Returns "/task/ID/runs/2/artifacts", or "/task/ID/artifacts" for the latest run.
std::string run_path(const std::string& task_id, std::optional<int> run_id, std::string_view what) {
  if (!run_id.has_value()) return api_path({"task", task_id, what});
  return api_path({"task", task_id, "runs", std::to_string(*run_id), what});
}

Question about_artifact(const ArtifactPlace& place, const char* method, const char* what) {
  std::string run = place.run_id.has_value() ? " of run " + std::to_string(*place.run_id) : "";
  return {.name = std::string(method) + " " + place.name + run + " of task " + place.task_id,
          .path = run_path(place.task_id, place.run_id, what) + api_path({place.name})};
}

// Sends one request and parses the answer.
template <typename T>
Result<T> ask_for(Api& api, const Question& question, Result<T> (*parse)(std::string_view),
                  const std::stop_token& stop) {
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  auto parsed = parse(body).context(question.name);
  // Some answers contain credentials.
  Secret::wipe(body);
  return parsed;
}

}  // namespace

Question create_task_question(const std::string& task_id, std::string definition) {
  return {.name = "createTask " + task_id,
          .method = "PUT",
          .path = api_path({"task", task_id}),
          .body = std::move(definition)};
}

Question rerun_question(const std::string& task_id) {
  return {.name = "rerunTask " + task_id, .method = "POST", .path = api_path({"task", task_id, "rerun"})};
}

Result<TaskStatus> Queue::create_task(const std::string& task_id, const std::string& definition,
                                      const std::stop_token& stop) {
  TRY(check_id(task_id));
  return ask_for(api_, create_task_question(task_id, definition), parse_task_status, stop);
}

Result<TaskDefinition> Queue::task(const std::string& task_id, const std::stop_token& stop) {
  TRY(check_id(task_id));
  return ask_for(api_, {.name = "task " + task_id, .path = api_path({"task", task_id})}, parse_task, stop);
}

Result<TaskStatus> Queue::status(const std::string& task_id, const std::stop_token& stop) {
  TRY(check_id(task_id));
  return ask_for(api_, {.name = "status " + task_id, .path = api_path({"task", task_id, "status"})}, parse_task_status,
                 stop);
}

Result<std::vector<TaskStatus>> Queue::statuses(const std::vector<std::string>& task_ids, const std::stop_token& stop) {
  std::vector<TaskStatus> statuses;
  statuses.reserve(task_ids.size());
  for (const std::string& id : task_ids) TRY(check_id(id));
  for (std::size_t begin = 0; begin < task_ids.size(); begin += limits::kMaxStatusesAtOnce) {
    std::size_t end = std::min(task_ids.size(), begin + limits::kMaxStatusesAtOnce);
    std::vector<std::string> part(task_ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                  task_ids.begin() + static_cast<std::ptrdiff_t>(end));
    TRY(add_statuses(part, statuses, stop));
  }
  return statuses;
}

Result<void> Queue::add_statuses(const std::vector<std::string>& task_ids, std::vector<TaskStatus>& statuses,
                                 const std::stop_token& stop) {
  Question question{.name = "statuses of " + std::to_string(task_ids.size()) + " tasks",
                    .method = "POST",
                    .path = "/tasks/status",
                    .body = task_ids_json(task_ids)};
  auto read = [&](std::string_view body) -> Result<std::string> {
    TRY_ASSIGN(auto page, parse_statuses(body));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(statuses));
    return std::move(page.continuation);
  };
  return ask_for_pages(api_, question, read, stop);
}

Result<TaskGroup> Queue::list_task_group(const std::string& group_id,
                                         const std::function<Result<void>(const GroupedTask&)>& take,
                                         const std::stop_token& stop) {
  TRY(check_id(group_id));
  TaskGroup group;
  auto read = [&](std::string_view body) -> Result<std::string> {
    TRY_ASSIGN(GroupPage page, parse_group_page(body));
    group = std::move(page.group);
    for (const GroupedTask& task : page.tasks.items) TRY(take(task));
    return std::move(page.tasks.continuation);
  };
  Question question{
      .name = "listTaskGroup " + group_id,
      .path = api_path({"task-group", group_id, "list"}) + "?limit=" + std::to_string(kListedTasksAtOnce)};
  TRY(ask_for_pages(api_, question, read, stop));
  return group;
}

Result<TaskStatus> Queue::rerun(const std::string& task_id, const std::stop_token& stop) {
  TRY(check_id(task_id));
  return ask_for(api_, rerun_question(task_id), parse_task_status, stop);
}

Result<TaskStatus> Queue::cancel(const std::string& task_id, const std::stop_token& stop) {
  TRY(check_id(task_id));
  Question question{.name = "cancelTask " + task_id, .method = "POST", .path = api_path({"task", task_id, "cancel"})};
  return ask_for(api_, question, parse_task_status, stop);
}

Result<TaskGroup> Queue::seal_group(const std::string& group_id, const std::stop_token& stop) {
  TRY(check_id(group_id));
  Question question{
      .name = "sealTaskGroup " + group_id, .method = "POST", .path = api_path({"task-group", group_id, "seal"})};
  return ask_for(api_, question, parse_task_group, stop);
}

Result<GroupCancellation> Queue::cancel_group(const std::string& group_id, const std::stop_token& stop) {
  TRY(check_id(group_id));
  Question question{
      .name = "cancelTaskGroup " + group_id, .method = "POST", .path = api_path({"task-group", group_id, "cancel"})};
  return ask_for(api_, question, parse_group_cancellation, stop);
}

Result<std::vector<Artifact>> Queue::list_artifacts(const std::string& task_id, std::optional<int> run_id,
                                                    const std::stop_token& stop) {
  TRY(check_id(task_id));
  std::vector<Artifact> artifacts;
  auto read = [&](std::string_view body) -> Result<std::string> {
    TRY_ASSIGN(auto page, parse_artifacts(body));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(artifacts));
    return std::move(page.continuation);
  };
  std::string run = run_id.has_value() ? " run " + std::to_string(*run_id) : "";
  TRY(ask_for_pages(api_, {.name = "listArtifacts " + task_id + run, .path = run_path(task_id, run_id, "artifacts")},
                    read, stop));
  return artifacts;
}

Result<Artifact> Queue::artifact_info(const ArtifactPlace& place, const std::stop_token& stop) {
  TRY(check_place(place));
  return ask_for(api_, about_artifact(place, "artifactInfo", "artifact-info"), parse_artifact, stop);
}

Result<ArtifactContent> Queue::artifact_content(const ArtifactPlace& place, const std::stop_token& stop) {
  TRY(check_place(place));
  return ask_for(api_, about_artifact(place, "artifact", "artifact-content"), parse_artifact_content, stop);
}

}  // namespace quern::taskcluster

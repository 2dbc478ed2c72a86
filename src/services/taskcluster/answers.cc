#include "services/taskcluster/answers.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"

namespace quern::taskcluster {
namespace {

TaskState state_of(std::string_view name) {
  for (TaskState state : {TaskState::kUnscheduled, TaskState::kPending, TaskState::kRunning, TaskState::kCompleted,
                          TaskState::kFailed, TaskState::kException}) {
    if (name == name_of(state)) return state;
  }
  return TaskState::kOther;
}

int small_number(Fields& fields, const char* name) {
  std::uint64_t value = fields.number(name);
  constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
  if (value > kMost) fields.fail(name, "is too large");
  return static_cast<int>(std::min(value, kMost));
}

Result<Json> object_of(std::string_view text) {
  auto json = parse_json(text);
  if (json.has_value() && json->is_object()) return std::move(*json);
  return bad_input("the answer is not a JSON object");
}

Result<TaskRun> read_run(const Json& json) {
  Fields fields(json, "status.runs.");
  TaskRun run{.run_id = small_number(fields, "runId"),
              .state = state_of(fields.text("state")),
              .reason_created = fields.text_or_none("reasonCreated"),
              .reason_resolved = fields.text_or_none("reasonResolved"),
              .worker_group = fields.text_or_none("workerGroup"),
              .worker_id = fields.text_or_none("workerId"),
              .scheduled = fields.time_or_none("scheduled"),
              .started = fields.time_or_none("started"),
              .resolved = fields.time_or_none("resolved")};
  TRY(fields.finish());
  return run;
}

Result<TaskStatus> read_status(const Json& json) {
  Fields fields(json, "status.");
  TaskStatus status{.task_id = fields.text("taskId"),
                    .task_group_id = fields.text("taskGroupId"),
                    .task_queue_id = fields.text_or_none("taskQueueId"),
                    .scheduler_id = fields.text("schedulerId"),
                    .project_id = fields.text_or_none("projectId"),
                    .priority = fields.text_or_none("priority"),
                    .state = state_of(fields.text("state")),
                    .retries_left = small_number(fields, "retriesLeft"),
                    .deadline = fields.time("deadline"),
                    .expires = fields.time("expires")};
  const Json& runs = fields.array("runs");
  TRY(fields.finish());
  for (const Json& run : runs) {
    TRY_ASSIGN(TaskRun read, read_run(run));
    status.runs.push_back(std::move(read));
  }
  return status;
}

Result<TaskDefinition> read_definition(const Json& json) {
  Fields fields(json, "task.");
  TaskDefinition task{.task_queue_id = fields.text_or_none("taskQueueId"),
                      .scheduler_id = fields.text_or_none("schedulerId"),
                      .task_group_id = fields.text_or_none("taskGroupId"),
                      .dependencies = fields.texts_or_none("dependencies")};
  const Json& metadata = fields.object("metadata");
  const Json& tags = fields.object("tags");
  TRY(fields.finish());
  Fields names(metadata, "task.metadata.");
  task.name = names.text("name");
  TRY(names.finish());
  for (const auto& [name, value] : tags.items()) {
    if (value.is_string()) task.tags[name] = value.get<std::string>();
  }
  task.json = dump_json(json);
  return task;
}

Result<TaskGroup> read_group(const Json& json) {
  Fields fields(json);
  TaskGroup group{.task_group_id = fields.text("taskGroupId"),
                  .scheduler_id = fields.text("schedulerId"),
                  .expires = fields.time("expires"),
                  .sealed = fields.time_or_none("sealed")};
  TRY(fields.finish());
  return group;
}

Result<Artifact> read_artifact(const Json& json) {
  Fields fields(json, "artifact.");
  Artifact artifact{.storage_type = fields.text("storageType"),
                    .name = fields.text("name"),
                    .content_type = fields.text_or_none("contentType"),
                    .content_length = fields.number_or_none("contentLength"),
                    .expires = fields.time("expires")};
  TRY(fields.finish());
  return artifact;
}

// Reads a member of a list such as {"taskId": ..., "status": {...}}.
Result<TaskStatus> read_listed_status(const Json& json) {
  Fields fields(json);
  const Json& status = fields.object("status");
  TRY(fields.finish());
  return read_status(status);
}

template <typename T>
Result<Page<T>> read_page(const Json& json, const char* name, Result<T> (*read)(const Json&)) {
  Fields fields(json);
  Page<T> page{.continuation = fields.text_or_none("continuationToken")};
  const Json& items = fields.array(name);
  TRY(fields.finish());
  for (const Json& item : items) {
    TRY_ASSIGN(T one, read(item));
    page.items.push_back(std::move(one));
  }
  return page;
}

Result<GroupedTask> read_grouped_task(const Json& json) {
  Fields fields(json);
  const Json& task = fields.object("task");
  TRY(fields.finish());
  GroupedTask grouped;
  TRY_ASSIGN(grouped.status, read_listed_status(json));
  TRY_ASSIGN(grouped.definition, read_definition(task));
  return grouped;
}

}  // namespace

Result<TaskStatus> parse_task_status(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_listed_status(json);
}

Result<TaskDefinition> parse_task(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_definition(json);
}

Result<TaskGroup> parse_task_group(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_group(json);
}

Result<GroupCancellation> parse_group_cancellation(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  Fields fields(json);
  GroupCancellation cancellation{.group_size = fields.number("taskGroupSize"),
                                 .cancelled_count = fields.number("cancelledCount"),
                                 .task_ids = fields.texts_or_none("taskIds")};
  TRY(fields.finish());
  return cancellation;
}

Result<Artifact> parse_artifact(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_artifact(json);
}

Result<GroupPage> parse_group_page(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  GroupPage page;
  TRY_ASSIGN(page.group, read_group(json));
  TRY_ASSIGN(page.tasks, read_page<GroupedTask>(json, "tasks", read_grouped_task));
  return page;
}

Result<Page<TaskStatus>> parse_statuses(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_page<TaskStatus>(json, "statuses", read_listed_status);
}

Result<Page<Artifact>> parse_artifacts(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  return read_page<Artifact>(json, "artifacts", read_artifact);
}

Result<ArtifactContent> parse_artifact_content(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  Fields fields(json);
  std::string storage = fields.text("storageType");
  ArtifactContent content;
  if (storage == "s3" || storage == "reference") {
    content.url = fields.text("url");
  } else if (storage == "error") {
    content.kind = ArtifactContent::Kind::kError;
    content.reason = fields.text("reason");
    content.message = fields.text_or_none("message");
  } else if (storage == "object") {
    content.kind = ArtifactContent::Kind::kObject;
    content.object_name = fields.text("name");
    Fields own(fields.object("credentials"), "credentials.");
    std::string client_id = own.text("clientId");
    Secret token(own.text("accessToken"));
    std::string certificate = own.text("certificate");
    TRY(own.finish());
    auto made = make_credentials(std::move(client_id), std::move(token), certificate);
    if (!made.ok()) fields.fail("credentials", "are wrong: " + made.error().message);
    if (made.ok()) content.credentials = std::move(made).value();
  } else {
    fields.fail("storageType", "is one that this version of quern does not know");
  }
  TRY(fields.finish());
  return content;
}

Result<ObjectDownload> parse_object_download(std::string_view text) {
  TRY_ASSIGN(Json json, object_of(text));
  Fields fields(json);
  if (fields.text("method") != "getUrl") fields.fail("method", "is not the one that was asked for");
  ObjectDownload download{.url = fields.text("url"), .expires = fields.time("expires")};
  Fields hashes(fields.object("hashes"), "hashes.");
  download.sha256 = hashes.text_or_none("sha256");
  download.sha512 = hashes.text_or_none("sha512");
  if (!download.sha256.empty() && !is_lower_hex(download.sha256, 64)) hashes.fail("sha256", "is not a SHA-256");
  if (!download.sha512.empty() && !is_lower_hex(download.sha512, 128)) hashes.fail("sha512", "is not a SHA-512");
  if (download.sha256.empty() && download.sha512.empty()) hashes.fail("sha256", "is missing, and sha512 is too");
  TRY(fields.finish());
  TRY(hashes.finish());
  return download;
}

RefusalBody parse_refusal(std::string_view text) {
  auto json = parse_json(text);
  if (!json.has_value() || !json->is_object()) return {};
  Fields fields(*json);
  RefusalBody body{.code = fields.text_or_none("code"), .message = fields.text_or_none("message")};
  // The answer for an unknown address has this field instead.
  if (body.message.empty()) body.message = fields.text_or_none("error");
  return body;
}

std::string task_ids_json(const std::vector<std::string>& task_ids) { return dump_json(Json{{"taskIds", task_ids}}); }

}  // namespace quern::taskcluster

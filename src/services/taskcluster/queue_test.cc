#include "services/taskcluster/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "services/taskcluster/deployment_for_test.h"
#include "services/taskcluster/hawk.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAreArray;
using Json = Deployment::Json;

const std::string kTask = "fOF8Cqj0QPKbvczC2dnXiQ";

TEST(Queue, CreatesATaskAndReadsItBack) {
  Deployment deployment;
  auto created = deployment.queue->create_task(kTask, deployment.definition(kGroup).dump(), {});
  ASSERT_TRUE(created.ok()) << created.error().message;
  EXPECT_EQ(created.value().state, TaskState::kPending);
  EXPECT_EQ(created.value().retries_left, 5);
  EXPECT_EQ(created.value().priority, "lowest");
  ASSERT_EQ(created.value().runs.size(), 1U);
  EXPECT_EQ(created.value().runs[0].reason_created, "scheduled");

  TaskDefinition task = deployment.queue->task(kTask, {}).value();
  EXPECT_EQ(task.name, "map 1/2");
  EXPECT_EQ(task.tags.at("kind"), "map");
  EXPECT_EQ(task.task_group_id, kGroup);
  EXPECT_EQ(Json::parse(task.json)["requires"], "all-completed");
  EXPECT_EQ(deployment.queue->status(kTask, {}).value().task_id, kTask);
}

TEST(Queue, TakesTheSameTaskAgainAndNoOther) {
  Deployment deployment;
  Json definition = deployment.definition(kGroup);
  ASSERT_TRUE(deployment.queue->create_task(kTask, definition.dump(), {}).ok());
  EXPECT_TRUE(deployment.queue->create_task(kTask, definition.dump(), {}).ok());
  definition["priority"] = "low";
  auto other = deployment.queue->create_task(kTask, definition.dump(), {});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, 409);
  EXPECT_EQ(other.error().message, "createTask " + kTask + " at " + deployment.access.root_url +
                                       ": HTTP status 409, RequestConflict: taskId " + kTask +
                                       " already used by another task (request id REQUEST17)");
}

TEST(Queue, SaysWhatIsWrongWithATask) {
  Deployment deployment;
  struct Row {
    const char* name;
    Json change;
    const char* part;
  };
  const std::vector<Row> rows = {
      {"old", {{"created", "2020-01-01T00:00:00.000Z"}}, "InputError"},
      {"unknown field", {{"script", "x"}}, "InputValidationError"},
      {"dependency", {{"dependencies", {"YQ2m8d7qTbW0y9b3n5uKxw"}}}, "YQ2m8d7qTbW0y9b3n5uKxw"},
      {"scope", {{"scopes", {"a**"}}}, "InputError"},
      {"late", {{"deadline", "2250-01-01T00:00:00Z"}}, "more than 5 days"}};
  for (const Row& row : rows) {
    Json definition = deployment.definition(kGroup);
    definition.update(row.change);
    auto created = deployment.queue->create_task(kTask, definition.dump(), {});
    ASSERT_FALSE(created.ok()) << row.name;
    EXPECT_EQ(created.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_EQ(created.error().code, 400) << row.name;
    EXPECT_THAT(created.error().message, HasSubstr(row.part)) << row.name;
  }
}

TEST(Queue, NamesMissingScopesInOneLine) {
  Deployment deployment("{}", {"queue:create-task:*", "queue:status:*"});
  auto created = deployment.queue->create_task(kTask, deployment.definition(kGroup).dump(), {});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(
      created.error().message,
      AllOf(HasSubstr("InsufficientScopes"), HasSubstr("following scopes: queue:scheduler-id:quern (request id"),
            HasSubstr("ask the administrators"), Not(HasSubstr("\n")), Not(HasSubstr("errorCode"))));
}

TEST(Queue, RepeatsWhatFailedAndSignsItAnew) {
  Deployment deployment(
      R"({"faults": [{"path": "/task/", "status": 502, "html": true}, {"path": "/task/", "status": 429}]})");
  auto created = deployment.queue->create_task(kTask, deployment.definition(kGroup).dump(), {});
  ASSERT_TRUE(created.ok()) << created.error().message;
  std::set<std::string> signatures;
  for (const Json& request : deployment.requests()) signatures.insert(request["headers"]["Authorization"]);
  EXPECT_EQ(signatures.size(), 3U);
}

TEST(Queue, CreatesATaskOnceThoughTheAnswerWasLost) {
  Deployment deployment(R"({"faults": [{"path": "/task/", "status": 500, "late": true}]})");
  EXPECT_TRUE(deployment.queue->create_task(kTask, deployment.definition(kGroup).dump(), {}).ok());
  EXPECT_EQ(deployment.queue->status(kTask, {}).value().runs.size(), 1U);
}

TEST(Queue, GivesUpAfterAllAttempts) {
  const std::string fault = R"({"status": 502, "html": true})";
  Deployment deployment(R"({"faults": [)" + fault + "," + fault + "," + fault + "]}");
  auto status = deployment.queue->status(kTask, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(status.error().message,
            "status " + kTask + " at " + deployment.access.root_url +
                ": HTTP status 502, and the answer does not come from Taskcluster (request id REQUEST17)");
}

TEST(Queue, SchedulesATaskWhenWhatItRequiresIsThere) {
  Deployment deployment;
  std::string first = deployment.create(kGroup);
  std::string second = deployment.create(kGroup, {first});
  EXPECT_EQ(deployment.queue->status(second, {}).value().state, TaskState::kUnscheduled);
  EXPECT_EQ(deployment.claim(), first);
  EXPECT_EQ(deployment.queue->status(first, {}).value().state, TaskState::kRunning);
  EXPECT_EQ(deployment.claim(), "");
  deployment.report(first, 0, "completed");
  TaskStatus ended = deployment.queue->status(first, {}).value();
  EXPECT_TRUE(ended.is_resolved());
  EXPECT_EQ(ended.runs[0].reason_resolved, "completed");
  EXPECT_EQ(ended.runs[0].worker_id, "w");
  EXPECT_TRUE(ended.runs[0].resolved.has_value());
  EXPECT_EQ(deployment.claim(), second);
}

TEST(Queue, ReportsALostWorkersRunAndAFailedTasksRerun) {
  Deployment deployment;
  std::string id = deployment.create(kGroup);
  ASSERT_EQ(deployment.claim(), id);
  deployment.report(id, 0, "exception", {{"reason", "worker-shutdown"}});
  TaskStatus status = deployment.queue->status(id, {}).value();
  EXPECT_FALSE(status.is_resolved());
  EXPECT_EQ(status.retries_left, 4);
  EXPECT_EQ(status.runs.at(1).reason_created, "retry");
  ASSERT_EQ(deployment.claim(), id);
  deployment.report(id, 1, "failed");
  EXPECT_EQ(deployment.queue->status(id, {}).value().state, TaskState::kFailed);
  TaskStatus again = deployment.queue->rerun(id, {}).value();
  EXPECT_EQ(again.state, TaskState::kPending);
  EXPECT_EQ(again.runs.at(2).reason_created, "rerun");
  EXPECT_EQ(again.retries_left, 5);
  EXPECT_EQ(deployment.queue->cancel(id, {}).value().runs.at(2).reason_resolved, "canceled");
}

TEST(Queue, ListsAGroupAndStatusesPageByPage) {
  Deployment deployment(R"({"page": 2})");
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(deployment.create(kGroup));
  std::vector<std::string> listed;
  auto group = deployment.queue->list_task_group(kGroup,
                                                 [&](const GroupedTask& task) -> Result<void> {
                                                   EXPECT_EQ(task.definition.name, "map 1/2");
                                                   listed.push_back(task.status.task_id);
                                                   return {};
                                                 },
                                                 {});
  ASSERT_TRUE(group.ok()) << group.error().message;
  EXPECT_EQ(group.value().scheduler_id, "quern");
  EXPECT_FALSE(group.value().sealed.has_value());
  EXPECT_THAT(listed, UnorderedElementsAreArray(ids));

  std::vector<std::string> asked = ids;
  asked.push_back(kTask);
  auto statuses = deployment.queue->statuses(asked, {});
  ASSERT_TRUE(statuses.ok()) << statuses.error().message;
  std::vector<std::string> found;
  for (const TaskStatus& status : statuses.value()) found.push_back(status.task_id);
  EXPECT_THAT(found, UnorderedElementsAreArray(ids));
}

TEST(Queue, CancelsASealedGroupOnly) {
  Deployment deployment;
  std::string first = deployment.create(kGroup);
  deployment.create(kGroup, {first});
  auto refused = deployment.queue->cancel_group(kGroup, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_TRUE(deployment.queue->seal_group(kGroup, {}).value().sealed.has_value());
  EXPECT_EQ(deployment.queue->create_task(kTask, deployment.definition(kGroup).dump(), {}).error().code, 409);
  GroupCancellation cancelled = deployment.queue->cancel_group(kGroup, {}).value();
  EXPECT_EQ(cancelled.group_size, 2U);
  EXPECT_EQ(cancelled.cancelled_count, 2U);
  EXPECT_EQ(deployment.queue->status(first, {}).value().state, TaskState::kException);
}

TEST(Queue, IsNotAskedForWhatIsNoName) {
  Deployment deployment;
  EXPECT_EQ(deployment.queue->status("../x", {}).error().kind, ErrorKind::kBadInput);
  EXPECT_FALSE(deployment.queue->statuses({kTask, ""}, {}).ok());
  EXPECT_FALSE(deployment.queue->seal_group("x", {}).ok());
  EXPECT_FALSE(deployment.queue->artifact_info({.task_id = kTask, .run_id = std::nullopt, .name = "a\nb"}, {}).ok());
  EXPECT_FALSE(deployment.queue->create_task(kTask, std::string(11 << 20, ' '), {}).ok());
  EXPECT_TRUE(deployment.requests().empty());
  EXPECT_EQ(deployment.queue->status(kTask, {}).error().kind, ErrorKind::kNotFound);
}

TEST(Queue, ExplainsAWrongClock) {
  Deployment deployment(R"({"clock_offset": 1230})");
  auto status = deployment.queue->status(kTask, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("Stale timestamp"), HasSubstr("the clock of this machine is 20 minutes behind the")));
}

TEST(Queue, ExplainsWrongCredentials) {
  Deployment deployment;
  deployment.access.credentials = make_credentials("tester", Secret(std::string("wrong")), "").value();
  deployment.renew();
  auto status = deployment.queue->status(kTask, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, 401);
  EXPECT_THAT(status.error().message, HasSubstr("AuthenticationFailed: Bad mac"));
}

TEST(Queue, TakesTemporaryAndRestrictedCredentials) {
  Deployment deployment;
  std::string id = deployment.create(kGroup);
  Credentials issuer = std::move(*deployment.access.credentials);
  UtcTime now = std::chrono::system_clock::now();
  deployment.access.credentials = make_temporary(issuer,
                                                 {.client_id = "mine",
                                                  .scopes = {"queue:status:*", "queue:get-task:*"},
                                                  .start = now,
                                                  .expiry = now + std::chrono::hours(1)},
                                                 system_random)
                                      .value();
  deployment.renew();
  EXPECT_TRUE(deployment.queue->status(id, {}).ok());
  EXPECT_EQ(deployment.queue->cancel(id, {}).error().code, 403);
  deployment.access.credentials->authorized_scopes = {"queue:status:*"};
  deployment.renew();
  EXPECT_TRUE(deployment.queue->status(id, {}).ok());
  EXPECT_EQ(deployment.queue->task(id, {}).error().code, 403);
}

TEST(Queue, RefusesAnExpiredCertificateWithoutAsking) {
  Deployment deployment;
  Credentials issuer = std::move(*deployment.access.credentials);
  UtcTime now = std::chrono::system_clock::now();
  deployment.access.credentials =
      make_temporary(issuer, {.start = now - std::chrono::hours(2), .expiry = now - std::chrono::hours(1)},
                     system_random)
          .value();
  deployment.renew();
  EXPECT_EQ(deployment.queue->status(kTask, {}).error().kind, ErrorKind::kDenied);
  EXPECT_TRUE(deployment.requests().empty());
}

TEST(Queue, AsksTheProxyOfATaskUnsigned) {
  Deployment deployment(R"({"anonymous": ["*"]})");
  deployment.access.credentials.reset();
  deployment.access.is_proxy = true;
  deployment.renew();
  EXPECT_EQ(deployment.queue->status(kTask, {}).error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(deployment.requests()[0]["headers"].contains("Authorization"));
  http::ClientOptions options = client_options(deployment.access);
  EXPECT_FALSE(options.uses_proxies);
  EXPECT_GT(options.timeouts.stall, std::chrono::minutes(15));
}

TEST(Queue, ListsArtifactsOfRuns) {
  Deployment deployment(R"({"page": 2})");
  std::string id = deployment.create(kGroup);
  EXPECT_EQ(deployment.queue->list_artifacts(id, std::nullopt, {}).value().size(), 0U);
  ASSERT_EQ(deployment.claim(), id);
  for (const char* name : {"public/a", "public/b", "public/c d.txt"}) deployment.upload(id, 0, name, "bytes");
  deployment.add_artifact(id, 0, "public/e",
                          {{"storageType", "error"}, {"reason", "file-missing-on-worker"}, {"message", "gone"}});
  deployment.report(id, 0, "failed");
  ASSERT_TRUE(deployment.queue->rerun(id, {}).ok());
  EXPECT_TRUE(deployment.queue->list_artifacts(id, std::nullopt, {}).value().empty());
  std::vector<Artifact> artifacts = deployment.queue->list_artifacts(id, 0, {}).value();
  ASSERT_EQ(artifacts.size(), 4U);
  EXPECT_EQ(artifacts[2].name, "public/c d.txt");
  EXPECT_EQ(artifacts[2].content_length, 5U);
  EXPECT_TRUE(artifacts[2].has_content());
  EXPECT_FALSE(artifacts[3].has_content());
  EXPECT_EQ(deployment.queue->artifact_info({id, 0, "public/a"}, {}).value().storage_type, "s3");
  EXPECT_EQ(deployment.queue->artifact_info({id, 1, "public/a"}, {}).error().kind, ErrorKind::kNotFound);
}

TEST(Queue, GivesSignedUrlsThatWorkForOthers) {
  Deployment deployment;
  std::string id = deployment.create(kGroup);
  ASSERT_EQ(deployment.claim(), id);
  deployment.upload(id, 0, "project/x/a", "bytes");
  std::string url = artifact_url(deployment.access.root_url, id, 0, "project/x/a");
  UtcTime now = std::chrono::system_clock::now();
  std::string signed_one = signed_url(*deployment.access.credentials, url, now, std::chrono::minutes(15)).value();
  EXPECT_EQ(deployment.client->call({.url = url}, nullptr, {}).error().code, 403);
  EXPECT_EQ(deployment.client->call({.url = signed_one}, nullptr, {}).value().body, "bytes");
  signed_one = signed_url(*deployment.access.credentials, url, now, std::chrono::seconds(-1)).value();
  EXPECT_EQ(deployment.client->call({.url = signed_one}, nullptr, {}).error().code, 401);
}

TEST(Queue, StopsWhenAsked) {
  Deployment deployment;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(deployment.queue->status(kTask, stop.get_token()).error().kind, ErrorKind::kStopped);
}

}  // namespace
}  // namespace quern::taskcluster

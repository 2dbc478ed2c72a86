#include "services/taskcluster/request_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "model/limits.h"
#include "services/taskcluster/deployment_for_test.h"

namespace quern::taskcluster {
namespace {

using testing::HasSubstr;

// Creates `count` tasks, as many concurrently as permitted, and returns the answers by number.
std::map<std::size_t, Result<std::string>> create(Deployment& deployment, std::size_t count) {
  Batch batch(*deployment.api);
  std::map<std::size_t, Result<std::string>> answers;
  std::size_t asked = 0;
  while (answers.size() < count) {
    for (; asked < count && batch.has_room(); ++asked) {
      batch.ask(asked, create_task_question(make_slugid(system_random), deployment.definition(kGroup).dump()));
    }
    auto answer = batch.next({});
    CHECK(answer.ok());
    CHECK(answers.emplace(answer.value().number, std::move(answer.value().body)).second);
  }
  return answers;
}

std::size_t tasks_in(Deployment& deployment) {
  std::size_t count = 0;
  CHECK(deployment.queue
            ->list_task_group(kGroup,
                              [&](const GroupedTask&) -> Result<void> {
                                ++count;
                                return {};
                              },
                              {})
            .ok());
  return count;
}

TEST(Batch, GivesEveryAnswerOnce) {
  Deployment deployment;
  for (const auto& [number, body] : create(deployment, 120)) {
    ASSERT_TRUE(body.ok()) << number << ": " << body.error().message;
    EXPECT_EQ(parse_task_status(body.value()).value().state, TaskState::kPending);
  }
  EXPECT_EQ(tasks_in(deployment), 120U);
}

TEST(Batch, RepeatsWhatFailedWithTheSameBodyAndAnotherSignature) {
  Deployment deployment(R"({"faults": [{"path": "/task/", "status": 502, "html": true},
                                       {"path": "/task/", "status": 500, "late": true}, {"path": "/task/", "cut": true}]})");
  // One request may meet all the faults, which are more than the attempts of a test's client.
  deployment.client = http::make_client(client_options(deployment.access)).value();
  deployment.renew();
  for (const auto& [number, body] : create(deployment, 10)) EXPECT_TRUE(body.ok()) << number;
  std::map<std::string, std::set<std::string>> bodies;
  std::set<std::string> signatures;
  const Deployment::Json requests = deployment.requests();
  EXPECT_EQ(requests.size(), 13U);
  for (const auto& request : requests) {
    bodies[request["path"]].insert(request["body"].get<std::string>());
    signatures.insert(request["headers"]["Authorization"].get<std::string>());
  }
  EXPECT_EQ(bodies.size(), 10U);
  for (const auto& [path, sent] : bodies) EXPECT_EQ(sent.size(), 1U) << path;
  EXPECT_EQ(signatures.size(), 13U);
}

TEST(Batch, ExplainsRefusalsAsTheApiDoes) {
  Deployment deployment("{}", {"queue:create-task:*", "queue:list-task-group:*"});
  for (const auto& [number, body] : create(deployment, 3)) {
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().kind, ErrorKind::kDenied);
    EXPECT_EQ(body.error().code, 403);
    EXPECT_THAT(body.error().message, HasSubstr("createTask "));
    EXPECT_THAT(body.error().message, HasSubstr("following scopes: queue:scheduler-id:quern (request id"));
  }
}

TEST(Batch, RefusesWhatIsTooLongWithoutAsking) {
  Deployment deployment;
  Batch batch(*deployment.api);
  batch.ask(7, create_task_question(make_slugid(system_random), std::string(11 << 20, ' ')));
  Batch::Answer answer = batch.next({}).value();
  EXPECT_EQ(answer.number, 7U);
  EXPECT_EQ(answer.body.error().kind, ErrorKind::kBadInput);
  EXPECT_TRUE(deployment.requests().empty());
}

TEST(Batch, GivesUpWhatIsOpenWhenItGoes) {
  Deployment deployment;
  {
    Batch batch(*deployment.api);
    for (std::size_t i = 0; i < limits::kMostQuestionsAtOnce; ++i) {
      batch.ask(i, create_task_question(make_slugid(system_random), deployment.definition(kGroup).dump()));
    }
    EXPECT_FALSE(batch.has_room());
    EXPECT_TRUE(batch.next({}).ok());
    EXPECT_GT(deployment.client->running(), 0U);
  }
  EXPECT_EQ(deployment.client->running(), 0U);
}

TEST(Batch, StopsWhenAsked) {
  Deployment deployment;
  std::stop_source stop;
  stop.request_stop();
  Batch batch(*deployment.api);
  batch.ask(0, rerun_question(kGroup));
  EXPECT_EQ(batch.next(stop.get_token()).error().kind, ErrorKind::kStopped);
}

}  // namespace
}  // namespace quern::taskcluster

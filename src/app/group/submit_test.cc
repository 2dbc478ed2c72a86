#include "app/group/submit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "services/taskcluster/deployment_for_test.h"

namespace quern::submit {
namespace {

using taskcluster::Deployment;
using taskcluster::TaskState;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Json = Deployment::Json;

const std::string kGroup = "Q3GkR1sXTx2mV0c7b1yZ5A";

// A plan of `maps` map tasks and a reduce task that needs all of them.
class Submission : public testing::Test {
 protected:
  void plan_for(Deployment& deployment, std::size_t maps, const std::string& work = "map") {
    plan.group_id = kGroup;
    plan.tasks.clear();
    Task reduce{.id = id("reduce"), .label = "reduce", .needs = {}};
    for (std::size_t i = 0; i < maps; ++i) {
      std::string label = "map " + std::to_string(i + 1) + "/" + std::to_string(maps);
      plan.tasks.push_back({.id = id(label), .label = label, .needs = {}});
      reduce.needs.push_back(i);
    }
    plan.tasks.push_back(reduce);
    plan.definition = [this, &deployment, work](std::size_t task, UtcTime created) {
      std::vector<std::string> needs;
      for (std::size_t need : plan.tasks[task].needs) needs.push_back(plan.tasks[need].id);
      Json json = deployment.definition(kGroup, needs);
      json["created"] = format_utc(created);
      json["payload"] = {{"command", {"quern", work}}};
      json["metadata"]["name"] = "os-count: " + plan.tasks[task].label;
      json["tags"] = {{"created-by", "quern"}};
      return json.dump();
    };
  }
  // Returns the same id for the same label.
  std::string id(const std::string& label) {
    if (!ids_.contains(label)) ids_[label] = taskcluster::make_slugid(taskcluster::system_random);
    return ids_[label];
  }
  Result<void> create(Deployment& deployment) {
    TRY_ASSIGN(auto found, find_tasks(*deployment.api, plan, {}));
    return create_tasks(
        *deployment.api, plan, found.is_there, [this](std::size_t now) { progress.push_back(now); }, stop.get_token());
  }
  TaskState state_of(Deployment& deployment, std::size_t task) {
    return deployment.queue->status(plan.tasks[task].id, {}).value().state;
  }

  Plan plan;
  std::vector<std::size_t> progress;
  std::stop_source stop;

 private:
  std::map<std::string, std::string> ids_;
};

TEST_F(Submission, CreatesATaskAfterAllThatItNeeds) {
  Deployment deployment;
  plan_for(deployment, 120);
  auto created = create(deployment);
  ASSERT_TRUE(created.ok()) << created.error().message;
  EXPECT_EQ(state_of(deployment, 0), TaskState::kPending);
  EXPECT_EQ(state_of(deployment, 120), TaskState::kUnscheduled);
  EXPECT_EQ(progress.front(), 0U);
  EXPECT_EQ(progress.back(), 121U);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
}

TEST_F(Submission, GoesOnWhereItWasBrokenOff) {
  Deployment deployment(R"({"page": 2})");
  plan_for(deployment, 5);
  for (std::size_t task : {1U, 3U}) {
    ASSERT_TRUE(
        deployment.queue->create_task(plan.tasks[task].id, plan.definition(task, deployment.api->now()), {}).ok());
  }
  ASSERT_TRUE(create(deployment).ok());
  EXPECT_EQ(progress.front(), 2U);
  EXPECT_EQ(progress.back(), 6U);
  progress.clear();
  ASSERT_TRUE(create(deployment).ok());
  EXPECT_EQ(progress, std::vector<std::size_t>{6});
}

TEST_F(Submission, RefusesAGroupOfAnotherJob) {
  Deployment deployment;
  plan_for(deployment, 2);
  ASSERT_TRUE(create(deployment).ok());
  plan_for(deployment, 2, "other");
  auto other = create(deployment);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message,
              AllOf(HasSubstr("does other work (payload.command differs)"), HasSubstr("--group")));
  plan_for(deployment, 2);
  plan.tasks.pop_back();
  auto fewer = create(deployment);
  ASSERT_FALSE(fewer.ok());
  EXPECT_THAT(fewer.error().message, HasSubstr("which this job does not plan"));
}

TEST_F(Submission, AddsNothingToASealedGroup) {
  Deployment deployment;
  plan_for(deployment, 2);
  ASSERT_TRUE(deployment.queue->create_task(plan.tasks[0].id, plan.definition(0, deployment.api->now()), {}).ok());
  ASSERT_TRUE(deployment.queue->seal_group(kGroup, {}).ok());
  auto sealed = create(deployment);
  ASSERT_FALSE(sealed.ok());
  EXPECT_THAT(sealed.error().message, AllOf(HasSubstr("is sealed"), HasSubstr("2 of its 3 tasks")));
}

TEST_F(Submission, CancelsAGroupThatCannotBeCompleted) {
  Deployment deployment;
  plan_for(deployment, 3);
  auto whole = plan.definition;
  plan.definition = [whole](std::size_t task, UtcTime created) {
    Json json = Json::parse(whole(task, created));
    if (task == 3) json["priority"] = "urgent";
    return json.dump();
  };
  auto created = create(deployment);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(created.error().message, HasSubstr("creating reduce: createTask"));
  EXPECT_THAT(created.error().details,
              AllOf(HasSubstr("3 of 4 tasks had been created"), HasSubstr("sealed and 3 of its tasks cancelled")));
  EXPECT_EQ(state_of(deployment, 0), TaskState::kException);
}

TEST_F(Submission, SaysThatAGroupCouldNotBeCancelled) {
  Deployment deployment("{}", {"queue:create-task:*", "queue:scheduler-id:quern", "queue:list-task-group:*"});
  plan_for(deployment, 1);
  auto whole = plan.definition;
  plan.definition = [whole](std::size_t task, UtcTime created) {
    Json json = Json::parse(whole(task, created));
    if (task == 1) json["scopes"] = {"secrets:get:x"};
    return json.dump();
  };
  auto created = create(deployment);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(created.error().details, AllOf(HasSubstr("1 of 2 tasks are created, and the task group could not be"),
                                             HasSubstr("seal-task-group"), HasSubstr("quern cancel " + kGroup)));
}

// One task is refused; the deployment creates the other, but never says so.
TEST_F(Submission, CancelsAGroupThatMayHaveATask) {
  Deployment deployment;
  plan_for(deployment, 2);
  auto whole = plan.definition;
  plan.definition = [whole](std::size_t task, UtcTime created) {
    return task == 0 ? std::string("{}") : whole(task, created);
  };
  const std::string fault =
      fmt::format(R"({{"method": "PUT", "path": "/task/{}", "status": 503, "late": true}})", plan.tasks[1].id);
  deployment.change_plan(fmt::format(R"({{"faults": [{0}, {0}, {0}, {0}, {0}, {0}]}})", fault));
  auto created = create_tasks(*deployment.api, plan, {false, false, false}, [](std::size_t) {}, {});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(created.error().details, HasSubstr("sealed and 1 of its tasks cancelled"));
  EXPECT_EQ(state_of(deployment, 1), TaskState::kException);
}

TEST_F(Submission, LeavesAGroupAloneToWhichItAddedNothing) {
  Deployment deployment;
  plan_for(deployment, 1);
  ASSERT_TRUE(deployment.queue->create_task(plan.tasks[0].id, plan.definition(0, deployment.api->now()), {}).ok());
  auto whole = plan.definition;
  plan.definition = [whole](std::size_t task, UtcTime created) {
    return task == 0 ? whole(task, created) : std::string("{}");
  };
  auto created = create(deployment);
  ASSERT_FALSE(created.ok());
  EXPECT_THAT(created.error().details, HasSubstr("the task group was left as it was"));
  EXPECT_EQ(state_of(deployment, 0), TaskState::kPending);
}

// The deployment may be busy or away, or a load balancer may answer for it.
TEST_F(Submission, LeavesAGroupAsItIsWhereTheDeploymentIsAway) {
  for (const char* fault : {R"("status": 503)", R"("status": 500)", R"("status": 429)", R"("cut": true)",
                            R"("status": 404, "html": true)", R"("status": 403, "html": true)"}) {
    const std::string faults = fmt::format(R"({{"method": "PUT", "path": "/task/", {}}})", fault);
    Deployment deployment;
    plan_for(deployment, 2);
    ASSERT_TRUE(deployment.queue->create_task(plan.tasks[0].id, plan.definition(0, deployment.api->now()), {}).ok());
    deployment.change_plan(fmt::format(R"({{"faults": [{0}, {0}, {0}, {0}, {0}, {0}]}})", faults));
    auto created = create_tasks(*deployment.api, plan, {true, false, false}, [](std::size_t) {}, {});
    ASSERT_FALSE(created.ok()) << fault;
    EXPECT_EQ(created.error().kind, ErrorKind::kRetry) << fault;
    EXPECT_THAT(created.error().details, AllOf(HasSubstr("1 of 3 tasks are created"), HasSubstr("left as it is"),
                                               HasSubstr("quern submit --group " + kGroup)));
    EXPECT_EQ(state_of(deployment, 0), TaskState::kPending) << fault;
  }
}

// The requests are refused as too old.
TEST_F(Submission, LeavesAGroupAsItIsWhereThisMachineSlept) {
  Deployment deployment;
  plan_for(deployment, 1);
  auto whole = plan.definition;
  plan.definition = [&, whole](std::size_t task, UtcTime created) {
    if (task == 1) deployment.clock_offset = std::chrono::minutes(20);
    return whole(task, created);
  };
  auto created = create_tasks(*deployment.api, plan, {false, false}, [](std::size_t) {}, {});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, 401);
  EXPECT_THAT(created.error().details, AllOf(HasSubstr("left as it is"), HasSubstr("quern submit --group")));
  deployment.clock_offset = {};
  EXPECT_EQ(state_of(deployment, 0), TaskState::kPending);
}

TEST_F(Submission, KeepsToTheDatesOfTheTasksThatAreThere) {
  Deployment deployment;
  plan_for(deployment, 3);
  EXPECT_FALSE(find_tasks(*deployment.api, plan, {}).value().dates.has_value());
  const UtcTime now = deployment.api->now();
  for (auto [task, hours] : {std::pair{0U, 3}, std::pair{1U, 2}}) {
    Json json = Json::parse(plan.definition(task, now));
    json["deadline"] = json["expires"] = format_utc(now + std::chrono::hours(hours));
    ASSERT_TRUE(deployment.queue->create_task(plan.tasks[task].id, json.dump(), {}).ok());
  }
  const auto dates = find_tasks(*deployment.api, plan, {}).value().dates.value();
  EXPECT_EQ(format_utc(dates.deadline), format_utc(now + std::chrono::hours(2)));
  EXPECT_EQ(format_utc(dates.expires), format_utc(now + std::chrono::hours(2)));
  deployment.change_plan(R"({"clock_offset": 7200})");
  deployment.clock_offset = std::chrono::hours(2);
  EXPECT_THAT(find_tasks(*deployment.api, plan, {}).error().message,
              AllOf(HasSubstr("had to be done by their deadline"), HasSubstr("2 of its 4 tasks"),
                    HasSubstr("cannot be added")));
}

TEST_F(Submission, SaysHowToGoOnWhenItIsStopped) {
  Deployment deployment;
  plan_for(deployment, 200);
  auto is_there = find_tasks(*deployment.api, plan, {}).value().is_there;
  auto on_created = [this](std::size_t now) {
    if (now == 20) stop.request_stop();
  };
  auto created = create_tasks(*deployment.api, plan, is_there, on_created, stop.get_token());
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, ErrorKind::kStopped);
  EXPECT_THAT(created.error().message, AllOf(HasSubstr(" of 201 tasks are created, and perhaps "), HasSubstr(" more")));
  EXPECT_THAT(created.error().details,
              AllOf(HasSubstr("quern submit --group " + kGroup), HasSubstr("quern cancel " + kGroup)));
  EXPECT_EQ(state_of(deployment, 0), TaskState::kPending);
}

TEST(Access, NeedsCredentials) {
  Deployment deployment;
  EXPECT_TRUE(check_access(*deployment.api, {}).ok());
  deployment.access.credentials.reset();
  deployment.renew();
  auto checked = check_access(*deployment.api, {});
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(checked.error().message, HasSubstr("TASKCLUSTER_CLIENT_ID"));
}

TEST(Access, NeedsAClockThatIsRight) {
  for (int offset : {1230, -1230, 500}) {
    Deployment deployment("{\"clock_offset\": " + std::to_string(offset) + "}");
    auto checked = check_access(*deployment.api, {});
    EXPECT_EQ(checked.ok(), offset == 500);
    if (checked.ok()) continue;
    EXPECT_THAT(checked.error().message, AllOf(HasSubstr("the clock of this machine is 20 minutes "),
                                               HasSubstr(offset > 0 ? "behind" : "ahead of")));
  }
}

TEST(Access, TellsWhatTheCallerMayDo) {
  Deployment deployment("{}", {"auth:current-scopes", "a:*"});
  EXPECT_THAT(held_scopes(*deployment.api, {}).value().scopes.value(),
              testing::ElementsAre("a:*", "assume:anonymous", "auth:current-scopes"));
  Deployment silent("{}", {"a:*"});
  HeldScopes unknown = held_scopes(*silent.api, {}).value();
  EXPECT_FALSE(unknown.scopes.has_value());
  EXPECT_THAT(unknown.why, HasSubstr("auth:current-scopes"));
  silent.access.credentials = taskcluster::make_credentials("tester", Secret(std::string("wrong")), "").value();
  silent.renew();
  EXPECT_EQ(held_scopes(*silent.api, {}).error().code, 401);
}

TEST(Access, NamesAllScopesThatAreMissing) {
  Error error = lacks_scopes({"a:b", "c:d"}, {});
  EXPECT_THAT(error.message, AllOf(HasSubstr("2 scopes that the tasks need, so no"), Not(HasSubstr("--no-watch"))));
  EXPECT_EQ(error.details, "a:b\nc:d");
  error = lacks_scopes({}, {"e:f"});
  EXPECT_THAT(error.message, HasSubstr("lack a scope that watching them and fetching their result needs (--no-watch"));
  error = lacks_scopes({"a:b", "c:d"}, {"e:f"});
  EXPECT_THAT(error.message, HasSubstr("2 scopes that the tasks need, and a scope that watching"));
  EXPECT_EQ(error.details, "a:b\nc:d\ne:f");
}

TEST(Access, IsTriedForWhatIsNotThereYet) {
  const WatchedThings things{.group_id = kGroup, .task_id = kGroup, .artifact = "public/quern/task.json"};
  const std::vector<std::string> all = {"queue:list-task-group:*", "queue:status:*",
                                        "queue:get-artifact:public/quern/*"};
  Deployment whole("{}", all);
  EXPECT_TRUE(try_to_watch(*whole.api, things, {}).ok());
  for (std::size_t left_out = 0; left_out < all.size(); ++left_out) {
    std::vector<std::string> held = all;
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(left_out));
    Deployment closed("{}", held);
    auto tried = try_to_watch(*closed.api, things, {});
    ASSERT_FALSE(tried.ok());
    EXPECT_EQ(tried.error().kind, ErrorKind::kDenied);
    EXPECT_THAT(tried.error().message, HasSubstr(all[left_out].substr(0, all[left_out].size() - 1)));
  }
}

}  // namespace
}  // namespace quern::submit

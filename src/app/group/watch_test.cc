#include "app/group/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/group/rerun.h"
#include "services/taskcluster/deployment_for_test.h"

namespace quern::watch {
namespace {

using taskcluster::Deployment;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = Deployment::Json;

const std::string kGroup = "Q3GkR1sXTx2mV0c7b1yZ5A";

// Records what a view receives.
class Told final : public GroupSink {
 public:
  void creating(std::size_t, std::size_t) override {}
  void note(event::Level, const std::string& text) override { notes.push_back(text); }
  void found(const WatchedGroup&) override {}
  void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) override {
    for (std::size_t task : changed) tasks.push_back(group.tasks[task].label);
    if (on_look) on_look(group);
  }
  void tick(const WatchedGroup&) override {}
  void finish() override {}

  std::vector<std::string> notes;
  std::vector<std::string> tasks;
  std::function<void(const WatchedGroup&)> on_look;
};

// A group of map tasks and a reduce task that needs them.
class Watching : public testing::Test {
 protected:
  explicit Watching(const std::string& plan = "{}") : deployment(plan) {}

  std::string create(const std::string& label, const std::string& kind, const std::vector<std::string>& needs = {},
                     bool is_final = false) {
    Json json = deployment.definition(kGroup, needs);
    json["metadata"]["name"] = "os-count: " + label;
    json["tags"] = {{"created-by", "quern"}, {"quern-kind", kind}, {"quern-job", "os-count"}};
    if (is_final) json["tags"]["quern-final"] = "true";
    if (!needs.empty()) json["requires"] = "all-resolved";
    json["payload"] = {{"env", {{"QUERN_ARTIFACT_PREFIX", "public/quern"}}}};
    std::string id = taskcluster::make_slugid(taskcluster::system_random);
    auto created = deployment.queue->create_task(id, json.dump(), {});
    CHECK(created.ok());
    ids[label] = id;
    return id;
  }
  void create_job(std::size_t maps) {
    std::vector<std::string> needs;
    for (std::size_t i = 1; i <= maps; ++i) {
      needs.push_back(create("map " + std::to_string(i) + "/" + std::to_string(maps), "map"));
    }
    create("reduce", "reduce", needs, true);
  }
  // Lets a worker claim all pending tasks and end these runs; by default they complete.
  void work(const std::map<std::string, std::string>& ends = {}) {
    std::vector<std::string> claimed;
    for (std::string id = deployment.claim(); !id.empty(); id = deployment.claim()) claimed.push_back(id);
    for (const std::string& id : claimed) {
      int run = deployment.queue->status(id, {}).value().runs.back().run_id;
      auto end = std::find_if(ends.begin(), ends.end(), [&](const auto& pair) { return ids[pair.first] == id; });
      deployment.report(id, run, end == ends.end() ? "completed" : end->second);
    }
  }
  GroupWatch open() {
    auto watch = GroupWatch::open(*deployment.api, kGroup, {});
    CHECK(watch.ok());
    return std::move(watch).value();
  }
  std::vector<std::string> labels(const GroupWatch& watch) {
    std::vector<std::string> found;
    for (const WatchedTask& task : watch.group().tasks) found.push_back(task.label);
    return found;
  }
  std::size_t status_requests() {
    const Json requests = deployment.requests();
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), [](const Json& request) {
      return request["path"].get<std::string>().find("/tasks/status") != std::string::npos;
    }));
  }

  std::size_t runs_of(const std::string& label) { return deployment.queue->status(ids[label], {}).value().runs.size(); }
  void cancel() {
    ASSERT_TRUE(deployment.queue->seal_group(kGroup, {}).ok());
    ASSERT_TRUE(deployment.queue->cancel_group(kGroup, {}).ok());
  }
  // The output of `lacking` of the completed tasks is incomplete.
  Rerun::Look looker() {
    return [this](const std::vector<std::size_t>& tasks, const std::stop_token&) -> Result<std::vector<Left>> {
      const GroupWatch now = open();
      std::vector<Left> left;
      for (std::size_t task : tasks) {
        const WatchedTask& watched = now.group().tasks[task];
        EXPECT_EQ(watched.state, TaskState::kCompleted);
        left.push_back(
            {.is_whole = !lacking.contains(watched.label), .has_parts = final_has_parts || !watched.is_final});
      }
      return left;
    };
  }

  Deployment deployment;
  std::map<std::string, std::string> ids;
  std::set<std::string> lacking;
  bool final_has_parts = true;
  Told told;
  const PollOptions quick{.longest = std::chrono::milliseconds(1)};
};

class WatchingInPages : public Watching {
 protected:
  WatchingInPages() : Watching(R"({"page": 2})") {}
};

TEST_F(WatchingInPages, ListsTasksByKindAndNumber) {
  create_job(11);
  deployment.create(kGroup);  // not made by quern
  GroupWatch watch = open();
  EXPECT_THAT(labels(watch), ElementsAre("map 1/11", "map 2/11", "map 3/11", "map 4/11", "map 5/11", "map 6/11",
                                         "map 7/11", "map 8/11", "map 9/11", "map 10/11", "map 11/11", "reduce"));
  EXPECT_EQ(watch.group().job, "os-count");
  EXPECT_EQ(watch.artifact_prefix(), "public/quern");
  EXPECT_EQ(watch.final_task().label, "reduce");
  EXPECT_EQ(watch.final_task().needs.size(), 11U);
  EXPECT_EQ(watch.ending(deployment.api->now()), Ending::kNone);
}

TEST_F(Watching, PutsMergesAfterThoseThatTheyNeed) {
  std::vector<std::string> firsts;
  for (int i = 1; i <= 3; ++i)
    firsts.push_back(
        create("merge " + std::to_string(i + 9) + "/3", "merge", {create("map " + std::to_string(i) + "/3", "map")}));
  std::string last = create("merge 1", "merge", firsts);
  create("reduce", "reduce", {last}, true);
  EXPECT_THAT(labels(open()), ElementsAre("map 1/3", "map 2/3", "map 3/3", "merge 10/3", "merge 11/3", "merge 12/3",
                                          "merge 1", "reduce"));
}

TEST_F(Watching, AsksWhyATaskFailedOnceForEachRun) {
  create_job(2);
  work({{"map 1/2", "failed"}});
  GroupWatch watch = open();
  std::vector<std::string> asked;
  watch.explain_with([&](const WatchedTask& task) {
    asked.push_back(task.label + " run " + std::to_string(task.runs - 1));
    return "cause " + std::to_string(asked.size());
  });
  EXPECT_THAT(asked, ElementsAre("map 1/2 run 0"));
  EXPECT_EQ(watch.group().tasks[0].cause, "cause 1");
  ASSERT_TRUE(watch.look({}).ok());
  ASSERT_TRUE(deployment.queue->rerun(ids["map 1/2"], {}).ok());
  watch.take(0, deployment.queue->status(ids["map 1/2"], {}).value());
  EXPECT_EQ(watch.group().tasks[0].cause, "");
  work({{"map 1/2", "failed"}, {"reduce", "failed"}});
  ASSERT_TRUE(watch.look({}).ok());
  EXPECT_THAT(asked, testing::UnorderedElementsAre("map 1/2 run 0", "map 1/2 run 1", "reduce run 0"));
  EXPECT_THAT(watch.why_failed(), HasSubstr("reduce failed; it said: cause "));
}

TEST_F(Watching, AsksWhyOfSoManyTasksAlone) {
  create_job(limits::kExplainedFailures + 5);
  std::map<std::string, std::string> ends;
  for (const auto& [label, id] : ids) ends[label] = "failed";
  work(ends);
  GroupWatch watch = open();
  std::size_t asked = 0;
  watch.explain_with([&](const WatchedTask& /*task*/) { return std::to_string(++asked); });
  EXPECT_EQ(asked, limits::kExplainedFailures);
}

TEST_F(Watching, SaysWhatIsNoGroupOfAJob) {
  EXPECT_EQ(GroupWatch::open(*deployment.api, kGroup, {}).error().kind, ErrorKind::kNotFound);
  deployment.create(kGroup);
  EXPECT_THAT(GroupWatch::open(*deployment.api, kGroup, {}).error().message,
              HasSubstr("quern made none of the 1 tasks"));
  create("map 1/2", "map");
  EXPECT_THAT(GroupWatch::open(*deployment.api, kGroup, {}).error().message,
              AllOf(HasSubstr("was not finished"), HasSubstr("quern submit --group " + kGroup)));
  ASSERT_TRUE(deployment.queue->seal_group(kGroup, {}).ok());
  EXPECT_THAT(GroupWatch::open(*deployment.api, kGroup, {}).error().message, HasSubstr("cannot be added"));
}

TEST_F(Watching, AsksOnceForAllThatHaveNotEnded) {
  create_job(3);
  GroupWatch watch = open();
  ASSERT_EQ(deployment.claim(), ids["map 1/3"]);
  EXPECT_THAT(watch.look({}).value(), ElementsAre(0));
  EXPECT_EQ(watch.group().tasks[0].state, TaskState::kRunning);
  EXPECT_TRUE(watch.group().tasks[0].started.has_value());
  EXPECT_THAT(watch.group().tasks[0].log, HasSubstr("/runs/0/artifacts/public%2Flogs%2Flive.log"));
  EXPECT_THAT(watch.look({}).value(), IsEmpty());
  deployment.report(ids["map 1/3"], 0, "completed");
  EXPECT_THAT(watch.look({}).value(), ElementsAre(0));
  EXPECT_EQ(status_requests(), 3U);
  ASSERT_TRUE(watch.look({}).ok());
  const Json requests = deployment.requests();
  EXPECT_EQ(Json::parse(requests.back()["body"].get<std::string>())["taskIds"].size(), 3U);
}

TEST_F(Watching, EndsWithTheFinalTask) {
  create_job(2);
  work();
  GroupWatch watch = open();
  told.on_look = [&](const WatchedGroup&) { work(); };
  auto ending = watch_to_end(watch, told, quick, nullptr, {});
  ASSERT_TRUE(ending.ok()) << ending.error().message;
  EXPECT_EQ(ending.value(), Ending::kCompleted);
  EXPECT_THAT(told.tasks, ElementsAre("reduce"));
  EXPECT_TRUE(watch.final_task().resolved.has_value());
  EXPECT_TRUE(watch.group().begun.has_value());
}

TEST_F(Watching, NamesWhatFailed) {
  create_job(2);
  work({{"map 2/2", "failed"}});
  work({{"reduce", "failed"}});
  GroupWatch watch = open();
  EXPECT_EQ(watch_to_end(watch, told, quick, nullptr, {}).value(), Ending::kFailed);
  EXPECT_EQ(watch.why_failed(), "reduce failed: its command failed, or ran for too long");
  EXPECT_EQ(fate_in_words(watch.group().tasks[1]), "map 2/2 failed: its command failed, or ran for too long");
}

TEST_F(Watching, CountsTheRunsOfALostWorkersTask) {
  create_job(1);
  GroupWatch watch = open();
  std::string id = deployment.claim();
  deployment.report(id, 0, "exception", {{"reason", "worker-shutdown"}});
  EXPECT_THAT(watch.look({}).value(), ElementsAre(0));
  EXPECT_EQ(watch.group().tasks[0].state, TaskState::kPending);
  EXPECT_EQ(count_retries(watch.group()), 1U);
}

TEST_F(Watching, EndsWhereTheFinalTaskCanNeverRun) {
  std::string image = deployment.create(taskcluster::make_slugid(taskcluster::system_random));
  create("reduce", "reduce", {create("map 1/1", "map", {image})}, true);
  ASSERT_EQ(deployment.claim(), image);
  GroupWatch watch = open();
  EXPECT_EQ(watch.ending(watch.group().deadline + std::chrono::minutes(9)), Ending::kNone);
  EXPECT_EQ(watch.ending(watch.group().deadline + std::chrono::minutes(11)), Ending::kFailed);
  EXPECT_THAT(watch.why_failed(), HasSubstr("and reduce is still unscheduled"));
  deployment.report(image, 0, "failed");
  ASSERT_TRUE(watch.look({}).ok());
  EXPECT_EQ(watch.ending(deployment.api->now()), Ending::kFailed);
  EXPECT_THAT(watch.why_failed(), AllOf(HasSubstr(image), HasSubstr("will never run")));
}

TEST_F(Watching, BearsADeploymentThatIsAway) {
  http::ClientOptions patient = client_options(deployment.access);
  deployment.client = http::make_client(patient).value();
  deployment.renew();
  create_job(1);
  GroupWatch watch = open();
  Json faults = Json::array();
  for (int i = 0; i < 8; ++i) faults.push_back({{"path", "/tasks/status"}, {"status", i % 2 == 0 ? 500 : 503}});
  deployment.change_plan(Json({{"faults", faults}}).dump());
  work();
  work();
  EXPECT_EQ(watch_to_end(watch, told, quick, nullptr, {}).value(), Ending::kCompleted);
}

TEST_F(Watching, EndsWhenItMayNotAsk) {
  create_job(1);
  GroupWatch watch = open();
  deployment.access.credentials = taskcluster::make_credentials("tester", Secret(std::string("wrong")), "").value();
  deployment.renew();
  auto ending = watch_to_end(watch, told, quick, nullptr, {});
  ASSERT_FALSE(ending.ok());
  EXPECT_EQ(ending.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(ending.error().message, HasSubstr("watching the task group " + kGroup));
}

TEST_F(Watching, StopsWhenAsked) {
  create_job(1);
  GroupWatch watch = open();
  std::stop_source stop;
  told.on_look = [&](const WatchedGroup&) { stop.request_stop(); };
  EXPECT_EQ(watch_to_end(watch, told, {}, nullptr, stop.get_token()).error().kind, ErrorKind::kStopped);
}

TEST_F(Watching, RunsAgainWhatFailedAndThenWhatNeedsIt) {
  create_job(60);
  work({{"map 2/60", "failed"}, {"map 7/60", "failed"}});
  work({{"reduce", "failed"}});
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.look = looker()});
  ASSERT_TRUE(rerun.check(deployment.api->now()).ok());
  told.on_look = [&](const WatchedGroup&) { work(); };
  auto ending = watch_to_end(watch, told, quick, &rerun, {});
  ASSERT_TRUE(ending.ok()) << ending.error().message;
  EXPECT_EQ(ending.value(), Ending::kCompleted);
  EXPECT_THAT(told.tasks, ElementsAre("map 2/60", "map 7/60", "map 2/60", "map 7/60", "reduce", "reduce"));
  EXPECT_EQ(deployment.queue->status(ids["map 1/60"], {}).value().runs.size(), 1U);
}

TEST_F(Watching, RunsNothingAgainTwice) {
  create_job(2);
  work({{"map 1/2", "failed"}});
  work({{"reduce", "failed"}});
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.look = looker()});
  told.on_look = [&](const WatchedGroup&) { work({{"map 1/2", "failed"}}); };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kFailed);
  EXPECT_EQ(deployment.queue->status(ids["map 1/2"], {}).value().runs.size(), 2U);
  EXPECT_EQ(deployment.queue->status(ids["reduce"], {}).value().runs.size(), 1U);
}

TEST_F(Watching, RunsAgainAsOftenAsItMay) {
  create_job(2);
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.times = 2, .look = looker()});
  std::size_t failures = 0;
  told.on_look = [&](const WatchedGroup&) {
    work({{++failures <= 3 ? "map 1/2" : "-", "failed"}, {"reduce", "failed"}});
  };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kFailed);
  EXPECT_EQ(runs_of("map 1/2"), 3U);
}

// A failure caused by another task does not count against a task.
TEST_F(Watching, CountsOnlyATasksOwnFailures) {
  create_job(1);
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.look = looker()});
  lacking = {"map 1/1"};
  told.on_look = [&](const WatchedGroup&) {
    if (runs_of("map 1/1") == 2) lacking.clear();
    work({{runs_of("reduce") < 3 ? "reduce" : "-", "failed"}});
  };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kCompleted);
  EXPECT_EQ(runs_of("map 1/1"), 2U);
  EXPECT_EQ(runs_of("reduce"), 3U);
}

TEST_F(Watching, RunsAgainWhatLeftTooLittle) {
  create("collect", "collect",
         {create("reduce 1/2", "reduce", {create("map 1/1", "map")}), create("reduce 2/2", "reduce", {ids["map 1/1"]})},
         true);
  for (int i = 0; i < 3; ++i) work();
  struct Row {
    const char* name;
    std::set<std::string> lacking;
    bool has_parts;
    std::vector<std::string> again;
  };
  for (const Row& row :
       {Row{"nothing", {}, true, {}}, Row{"the result", {"collect"}, true, {"collect"}},
        Row{"what nobody needs", {"reduce 1/2", "map 1/1"}, true, {}},
        Row{"one of several results", {"reduce 1/2"}, false, {"reduce 1/2"}},
        Row{"all on the way", {"collect", "reduce 2/2", "map 1/1"}, true, {"map 1/1", "reduce 2/2", "collect"}}}) {
    GroupWatch watch = open();
    lacking = row.lacking;
    final_has_parts = row.has_parts;
    Rerun rerun(*deployment.api, watch, {.look = looker()});
    std::vector<std::string> again;
    for (int i = 0; i < 4; ++i) {
      const std::vector<std::size_t> ran = rerun.step({}).value();
      for (std::size_t task : ran) {
        again.push_back(watch.group().tasks[task].label);
        lacking.erase(again.back());
      }
      work();
      ASSERT_TRUE(watch.look({}).ok());
    }
    EXPECT_EQ(again, row.again) << row.name;
    EXPECT_TRUE(rerun.is_over(deployment.api->now())) << row.name;
  }
}

TEST_F(Watching, RunsAgainWhatWasCancelledBefore) {
  create_job(2);
  cancel();
  GroupWatch watch = open();
  EXPECT_EQ(watch.why_failed(), "reduce failed: it was cancelled");
  Rerun none(*deployment.api, watch, {.look = looker()});
  EXPECT_EQ(watch_to_end(watch, told, quick, &none, {}).value(), Ending::kFailed);
  EXPECT_EQ(runs_of("map 1/2"), 1U);
  Rerun rerun(*deployment.api, watch, {.takes_cancelled = true, .look = looker()});
  told.on_look = [&](const WatchedGroup&) { work(); };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kCompleted);
}

TEST_F(Watching, RunsNothingAgainThatIsCancelledMeanwhile) {
  create_job(2);
  work({{"map 1/2", "failed"}});
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.times = 9, .takes_cancelled = true, .look = looker()});
  told.on_look = [&](const WatchedGroup&) { cancel(); };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kFailed);
  EXPECT_EQ(runs_of("map 1/2"), 2U);
  EXPECT_EQ(runs_of("reduce"), 1U);
}

// Also after the tasks that it needs have completed: its reduce began before they ended.
TEST_F(Watching, RunsNothingAgainThatIsCancelledTwice) {
  create_job(2);
  cancel();
  GroupWatch watch = open();
  Rerun rerun(*deployment.api, watch, {.times = 9, .takes_cancelled = true, .look = looker()});
  told.on_look = [&](const WatchedGroup&) {
    if (runs_of("reduce") == 2) cancel();
    work();
  };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kFailed);
  EXPECT_EQ(watch.why_failed(), "reduce failed in run 1: it was cancelled");
  EXPECT_EQ(runs_of("reduce"), 2U);
}

// The reduce task's message is from the run before.
TEST_F(Watching, NamesWhatFailedWhenItWasRunAgain) {
  create_job(2);
  work({{"map 2/2", "failed"}});
  work({{"reduce", "failed"}});
  GroupWatch watch = open();
  watch.explain_with([](const WatchedTask& task) { return "a cause of " + task.label; });
  EXPECT_EQ(watch.why_failed(), "reduce failed; it said: a cause of reduce");
  Rerun rerun(*deployment.api, watch, {.times = 2, .look = looker()});
  told.on_look = [&](const WatchedGroup&) { work({{"map 2/2", "failed"}}); };
  EXPECT_EQ(watch_to_end(watch, told, quick, &rerun, {}).value(), Ending::kFailed);
  EXPECT_EQ(
      watch.why_failed(),
      "reduce failed; it said: a cause of reduce; since then map 2/2 failed in run 2; it said: a cause of map 2/2");
}

TEST_F(Watching, GoesOnWhereItMayRunNothingAgain) {
  for (bool is_retry : {false, true}) {
    ids.clear();
    Deployment only_watched("{}",
                            {"queue:create-task:*", "queue:scheduler-id:*", "queue:claim-work:*", "queue:worker-id:*",
                             "queue:resolve-task:*", "queue:list-task-group:*", "queue:status:*"});
    std::swap(only_watched.client, deployment.client);
    std::swap(only_watched.access, deployment.access);
    deployment.renew();
    create_job(2);
    work({{"map 1/2", "failed"}});
    GroupWatch watch = open();
    told.notes.clear();
    std::size_t begun = 0;
    Rerun rerun(*deployment.api, watch, {.takes_cancelled = is_retry, .look = looker(), .begin = [&] { ++begun; }});
    told.on_look = [&](const WatchedGroup&) { work({{"reduce", "failed"}}); };
    auto ending = watch_to_end(watch, told, quick, &rerun, {});
    EXPECT_EQ(begun, 1U);
    EXPECT_EQ(runs_of("map 1/2"), 1U);
    if (is_retry) {
      EXPECT_EQ(ending.error().kind, ErrorKind::kDenied);
    } else {
      EXPECT_EQ(ending.value(), Ending::kFailed);
      EXPECT_THAT(told.notes, ElementsAre(AllOf(HasSubstr("running map 1/2 again"), HasSubstr("queue:rerun-task"),
                                                HasSubstr("the watch goes on, and runs nothing again"))));
    }
    std::swap(only_watched.client, deployment.client);
    std::swap(only_watched.access, deployment.access);
    deployment.renew();
  }
}

TEST_F(Watching, RunsNothingAgainThatIsLate) {
  create_job(2);
  GroupWatch watch = open();
  const Rerun rerun(*deployment.api, watch, {.look = looker()});
  EXPECT_TRUE(rerun.check(deployment.api->now()).ok());
  EXPECT_THAT(rerun.check(watch.group().deadline).error().message,
              AllOf(HasSubstr("deadline, 20"), HasSubstr("cannot be run again")));
  work({{"map 1/2", "failed"}});
  ASSERT_TRUE(watch.look({}).ok());
  deployment.clock_offset = std::chrono::hours(25);
  Rerun late(*deployment.api, watch, {.look = looker()});
  EXPECT_THAT(late.step({}).value(), IsEmpty());
}

}  // namespace
}  // namespace quern::watch

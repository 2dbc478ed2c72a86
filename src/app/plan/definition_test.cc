#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/plan/plan.h"
#include "app/plan/plan_for_test.h"

namespace quern::plan {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

TEST(Definition, OfAMapIsTheseBytes) {
  PlanForTest test;
  test.add("s3://telemetry/day/1.xz", 1500);
  test.set_arguments = {"limits.bad_records=10"};
  TaskGraph graph = test.graph();
  EXPECT_EQ(
      graph.definition(0, test.now),
      R"({"taskQueueId":"proj-example/linux","schedulerId":"-","projectId":"none","taskGroupId":"Q3GkR1sXTx2mV0c7b1yZ5A",)"
      R"("dependencies":[],"requires":"all-completed","priority":"lowest","retries":5,"created":"2026-01-31T12:00:00Z",)"
      R"("deadline":"2026-02-01T12:00:00Z","expires":"2026-03-02T12:00:00Z","scopes":[],"routes":[],)"
      R"("metadata":{"name":"os-count: map","description":"Maps 1 of 1 inputs of the job os-count (1.5 kB), from )"
      R"(s3://telemetry/day/1.xz on.","owner":"someone@example.com",)"
      R"("source":"https://tc.example.com/tasks/groups/Q3GkR1sXTx2mV0c7b1yZ5A"},)"
      R"("tags":{"created-by":"quern","quern-kind":"map","quern-job":"os-count","createdForUser":"someone@example.com"},)"
      R"("payload":{"image":"registry.example.com/quern:1",)"
      R"("command":["quern","map","--set","limits.bad_records=10","--no-sign-request","--","s3://telemetry/day/1.xz"],)"
      R"("env":{"QUERN_JOB":"cGFjaw==","QUERN_ARTIFACTS":"artifacts","QUERN_ARTIFACT_PREFIX":"public/quern",)"
      R"("QUERN_OUTPUT":"result.txt"},"maxRunTime":7200,"features":{"taskclusterProxy":true},"onExitStatus":{"retry":[75]},)"
      R"("artifacts":{"public/quern":{"type":"directory","path":"/home/worker/artifacts"}}}})");
}

TEST(Definition, OfTheFinalTaskSaysWhatItWaitsFor) {
  PlanForTest test("reducer: {builtin: sum}\n", "load: {files: 1}, routes: [index.some.job]");
  test.add_many(2);
  TaskGraph graph = test.graph();
  Json task = definition_of(graph, 2, test.now);
  const std::string first = graph.tasks()[0].task_id;
  const std::string second = graph.tasks()[1].task_id;
  EXPECT_EQ(task["dependencies"], Json::array({first, second}));
  EXPECT_EQ(task["requires"], "all-resolved");
  EXPECT_EQ(task["routes"], Json::array({"index.some.job"}));
  EXPECT_EQ(task["tags"]["quern-final"], "true");
  EXPECT_EQ(task["metadata"]["name"], "os-count: reduce");
  EXPECT_EQ(task["metadata"]["description"], "Reduces what map 1/2 to map 2/2 of the job os-count left.");
  EXPECT_EQ(task["payload"]["command"], Json::array({"quern", "reduce"}));
  EXPECT_EQ(task["payload"]["env"]["INPUT_TASK_IDS"], first + " " + second);
  EXPECT_EQ(task["payload"]["env"]["OWNER"], "someone@example.com");
  EXPECT_EQ(task["payload"]["env"]["QUERN_FINAL"], "1");
  EXPECT_FALSE(definition_of(graph, 0, test.now)["payload"]["env"].contains("QUERN_FINAL"));
  EXPECT_EQ(definition_of(graph, 0, test.now)["routes"], Json::array());
}

TEST(Definition, OfOneOfSeveralReducersSaysWhich) {
  PlanForTest test("reducer: {builtin: sum}\nreducers: 2\n", "load: {files: 1}, fan_in: 2");
  test.add_many(3);
  TaskGraph graph = test.graph();
  ASSERT_EQ(graph.tasks().size(), 7U);
  EXPECT_EQ(definition_of(graph, 3, test.now)["payload"]["command"], Json::array({"quern", "reduce", "--merge"}));
  EXPECT_EQ(definition_of(graph, 4, test.now)["payload"]["env"]["QUERN_PARTITION"], "0");
  EXPECT_EQ(definition_of(graph, 5, test.now)["payload"]["env"]["QUERN_PARTITION"], "1");
  Json collect = definition_of(graph, 6, test.now)["payload"];
  EXPECT_EQ(collect["command"], Json::array({"quern", "reduce", "--collect"}));
  EXPECT_FALSE(collect["env"].contains("QUERN_PARTITION"));
}

TEST(Definition, OfAJobWithStepsHasOneReducer) {
  PlanForTest test(
      "reducer: {builtin: sum}\nreducers: 2\nsteps: [{mapper: {language: python, script: m.py}, reducer: {builtin: "
      "sum}}]\n");
  test.add_many(1);
  test.set_arguments = {"reducers=3"};
  TaskGraph graph = test.graph();
  for (std::size_t task : {0, 1}) {
    Json payload = definition_of(graph, task, test.now)["payload"];
    EXPECT_EQ(payload["env"]["QUERN_REDUCERS"], "1");
    EXPECT_THAT(payload["command"].dump(), ::testing::Not(HasSubstr("reducers=3")));
  }
}

TEST(Definition, LeavesOutWhatMeansNothingInATask) {
  PlanForTest test("reducer: {builtin: sum}\nfilter: Filter.json\n");
  test.add_many(1);
  test.set_arguments = {"inputs=s3://b/*", "manifest=m",     "index=https://i",      "filter=F.json",
                        "output=x.txt",    "taskcluster={}", "taskcluster.fan_in=3", " output = y",
                        "separator= ",     "reducers=1",     "limits.memory=2GiB"};
  TaskGraph graph = test.graph();
  EXPECT_EQ(definition_of(graph, 0, test.now)["payload"]["command"],
            Json::array({"quern", "map", "--set", "separator= ", "--set", "reducers=1", "--set", "limits.memory=2GiB",
                         "--set", "filter=none", "--no-sign-request", "--", "s3://telemetry/day/100000.xz"}));
}

TEST(Definition, NamesInputsSoThatTheyMeanThemselves) {
  PlanForTest test;
  test.bucket = "telemetry";
  for (const char* key : {"-", "a*b", "a[1]{x,y}?", "back\\slash", "plain"}) {
    test.inputs.push_back({.name = key, .path = "", .url = std::string("s3://telemetry/") + key});
  }
  test.add("https://host/a*b?x=[1]");
  test.job.downloads.show_query = true;
  Json payload = definition_of(test.graph(), 0, test.now)["payload"];
  Json names(payload["command"].begin() + 4, payload["command"].end());
  EXPECT_EQ(names, Json::array({R"(\-)", R"(a\*b)", R"(a\[1\]\{x,y\}\?)", R"(back\\slash)", "plain",
                                "https://host/a*b?x=[1]"}));
  EXPECT_EQ(payload["env"]["QUERN_BUCKET"], "telemetry");
}

TEST(Definition, GivesAccessToS3AsTheJobSays) {
  struct Row {
    const char* name;
    std::string taskcluster;
    std::string sealed;
    std::string credentials;
    std::string how;
    bool is_unsigned;
  };
  const std::vector<Row> rows = {
      {"nothing", "", "", "null", "null", true},
      {"what is sealed", "", "c2VhbGVk", "\"c2VhbGVk\"", "null", false},
      {"none although sealed", "s3_credentials: none", "c2VhbGVk", "null", "null", true},
      {"sealed", "s3_credentials: sealed", "c2VhbGVk", "\"c2VhbGVk\"", "null", false},
      {"from Taskcluster", "s3_credentials: taskcluster", "c2VhbGVk", "null", "\"taskcluster\"", false}};
  for (const Row& row : rows) {
    PlanForTest test("reducer: {builtin: sum}\n", row.taskcluster);
    test.add_many(1);
    test.sealed_credentials = row.sealed;
    TaskGraph graph = test.graph();
    Json payload = definition_of(graph, 0, test.now)["payload"];
    EXPECT_EQ(payload["env"].value("CREDENTIALS", Json()).dump(), row.credentials) << row.name;
    EXPECT_EQ(payload["env"].value("QUERN_S3_CREDENTIALS", Json()).dump(), row.how) << row.name;
    EXPECT_EQ(payload["command"].dump().find("--no-sign-request") != std::string::npos, row.is_unsigned) << row.name;
    EXPECT_FALSE(definition_of(graph, 1, test.now)["payload"]["env"].contains("QUERN_S3_CREDENTIALS")) << row.name;
  }
}

TEST(Definition, WaitsForTheTaskOfItsImage) {
  PlanForTest test;
  test.settings.image = {.task_id = "fOF8Cqj0QPKbvczC2dnXiQ", .path = "public/i.tar.zst"};
  test.add_many(1);
  TaskGraph graph = test.graph();
  Json map = definition_of(graph, 0, test.now);
  EXPECT_EQ(map["dependencies"], Json::array({"fOF8Cqj0QPKbvczC2dnXiQ"}));
  EXPECT_EQ(map["payload"]["image"].dump(),
            R"({"type":"task-image","taskId":"fOF8Cqj0QPKbvczC2dnXiQ","path":"public/i.tar.zst"})");
  Json reduce = definition_of(graph, 1, test.now);
  EXPECT_EQ(reduce["dependencies"].size(), 2U);
  EXPECT_EQ(reduce["payload"]["env"]["INPUT_TASK_IDS"], graph.tasks()[0].task_id);
  test.settings.image = {.name_space = "some.image", .path = "public/i.tar.zst"};
  EXPECT_EQ(definition_of(test.graph(), 0, test.now)["payload"]["image"].dump(),
            R"({"type":"indexed-image","namespace":"some.image","path":"public/i.tar.zst"})");
}

TEST(Definition, HasTheEnvironmentOfTheJobAndOfItsSubmitter) {
  PlanForTest test("reducer: {builtin: sum}\n", "env: {TZ: UTC, AWS_REGION: eu-west-1}");
  test.add_many(1);
  const std::string nothing;
  auto graph = TaskGraph::make({.job = test.job,
                                .inputs = test.inputs,
                                .settings = test.settings,
                                .set_arguments = test.set_arguments,
                                .packed_job = nothing,
                                .sealed_credentials = nothing,
                                .bucket = "",
                                .s3_region = "us-west-2",
                                .s3_endpoint = "https://s3.example.com",
                                .root_url = "https://tc.example.com",
                                .group_id = test.group_id,
                                .now = test.now});
  ASSERT_TRUE(graph.ok());
  Json map = definition_of(graph.value(), 0, test.now)["payload"]["env"];
  EXPECT_FALSE(map.contains("QUERN_JOB"));
  EXPECT_EQ(map["AWS_ENDPOINT_URL_S3"], "https://s3.example.com");
  EXPECT_EQ(map["AWS_REGION"], "eu-west-1") << "the job's own comes last";
  Json reduce = definition_of(graph.value(), 1, test.now)["payload"]["env"];
  EXPECT_EQ(reduce["TZ"], "UTC");
  EXPECT_FALSE(reduce.contains("AWS_ENDPOINT_URL_S3"));
}

}  // namespace
}  // namespace quern::plan

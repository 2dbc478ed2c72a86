#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/plan/plan.h"
#include "app/plan/plan_for_test.h"

namespace quern::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> scopes(const TaskGraph& graph, std::size_t task) {
  return definition_of(graph, task, UtcTime())["scopes"].get<std::vector<std::string>>();
}

TEST(Scopes, AreWhatATaskAsksFor) {
  PlanForTest test(
      "reducer: {builtin: sum}\nnotify: {via: taskcluster}\n",
      "load: {files: 1}, fan_in: 2, s3_credentials: taskcluster, artifact_prefix: project/some, scopes: [own:*]");
  test.add("s3://telemetry/day1/a.xz");
  test.add("s3://telemetry/day1/b.xz");
  test.add("s3://telemetry/day2/a.xz");
  test.settings.image = {.name_space = "some.image", .path = "private/image.tar.zst"};
  TaskGraph graph = test.graph();
  EXPECT_THAT(scopes(graph, 0), ElementsAre("own:*", "queue:get-artifact:private/image.tar.zst",
                                            "auth:aws-s3:read-only:telemetry/day1/"));
  EXPECT_THAT(scopes(graph, 2), ElementsAre("own:*", "queue:get-artifact:private/image.tar.zst",
                                            "auth:aws-s3:read-only:telemetry/day2/"));
  EXPECT_THAT(scopes(graph, 3),
              ElementsAre("own:*", "queue:get-artifact:private/image.tar.zst", "queue:get-artifact:project/some/*"));
  EXPECT_THAT(scopes(graph, 4), ElementsAre("own:*", "queue:get-artifact:private/image.tar.zst",
                                            "queue:get-artifact:project/some/*", "notify:email:someone@example.com"));
}

TEST(Scopes, OfWhoeverCreatesTheTasksAreAllOfTheseAndTheirQueue) {
  PlanForTest test(
      "reducer: {builtin: sum}\nnotify: {via: taskcluster}\n",
      "priority: low, scheduler_id: quern, project_id: some, routes: [index.a], s3_credentials: taskcluster");
  test.add_many(1);
  TaskGraph graph = test.graph();
  const std::vector<std::string> needed = {
      "queue:create-task:low:proj-example/linux", "queue:scheduler-id:quern",
      "queue:create-task:project:some",           "queue:route:index.a",
      "auth:aws-s3:read-only:telemetry/day/",     "notify:email:someone@example.com"};
  EXPECT_EQ(needed_scopes(graph), needed);
  EXPECT_EQ(missing_scopes(graph, {}), needed);
  EXPECT_THAT(missing_scopes(graph, needed), IsEmpty());
  EXPECT_THAT(missing_scopes(graph, {"*"}), IsEmpty());
  EXPECT_THAT(missing_scopes(graph, {"queue:*", "auth:aws-s3:read-only:telemetry/*"}),
              ElementsAre("notify:email:someone@example.com"));
}

TEST(Scopes, MayBeHeldAtAHigherPriority) {
  PlanForTest test("reducer: {builtin: sum}\n", "priority: low");
  test.add_many(1);
  TaskGraph graph = test.graph();
  auto missing = [&](const std::string& held) {
    return missing_scopes(graph, {held, "queue:scheduler-id:*", "queue:create-task:project:*"});
  };
  EXPECT_THAT(missing("queue:create-task:low:proj-example/linux"), IsEmpty());
  EXPECT_THAT(missing("queue:create-task:highest:proj-example/*"), IsEmpty());
  EXPECT_THAT(missing("queue:create-task:lowest:proj-example/linux"),
              ElementsAre("queue:create-task:low:proj-example/linux"));
  EXPECT_THAT(missing("queue:create-task:highest:other/linux"),
              ElementsAre("queue:create-task:low:proj-example/linux"));
}

TEST(Scopes, MustFitIntoOneHeader) {
  PlanForTest test("reducer: {builtin: sum}\n", "s3_credentials: taskcluster");
  for (int i = 100; i < 130; ++i) test.add("s3://bucket-" + std::to_string(i) + "/some/folder/a");
  auto checked = check_graph(test.graph());
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().message, HasSubstr("the task map: scopes have "));
  EXPECT_THAT(checked.error().message, HasSubstr("can carry 1100 at most"));
}

TEST(Scopes, CountAsTheyStandInTheHeader) {
  struct Row {
    std::size_t count;
    std::string scope;
    bool fits;
  };
  const std::vector<Row> rows = {{1, std::string(1097, 'a'), true}, {1, std::string(1098, 'a'), false},
                                 {44, std::string(22, 'a'), true},  {45, std::string(22, 'a'), false},
                                 {1, std::string(548, '"'), true},  {1, std::string(549, '\\'), false},
                                 {1, std::string(182, '&'), true},  {1, std::string(183, '<'), false},
                                 {183, std::string("aaa"), true},   {184, std::string("aaa"), false}};
  for (const Row& row : rows) {
    PlanForTest test("reducer: {builtin: sum}\n");
    test.add_many(1);
    for (std::size_t i = 0; i < row.count; ++i) {
      // Each appears once: the same text padded to one of these lengths, except for its last characters.
      const std::string number = std::to_string(i);
      test.settings.scopes.push_back(row.count == 1 ? row.scope : row.scope.substr(number.size()) + number);
    }
    EXPECT_EQ(check_graph(test.graph()).ok(), row.fits) << row.count << " of " << row.scope;
  }
}

}  // namespace
}  // namespace quern::plan

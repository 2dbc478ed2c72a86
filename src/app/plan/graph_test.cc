#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/plan/plan.h"
#include "app/plan/plan_for_test.h"
#include "services/taskcluster/names.h"

namespace quern::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::size_t> counts(const std::vector<Load>& loads) {
  std::vector<std::size_t> result;
  for (const Load& load : loads) result.push_back(load.count);
  return result;
}

TEST(Loads, AreContiguousAndWithinTheirLimits) {
  struct Row {
    const char* name;
    std::vector<std::uint64_t> sizes;
    std::vector<std::size_t> counts;
  };
  const std::vector<Row> rows = {
      {"none", {}, {}},
      {"one", {1}, {1}},
      {"up to the bytes", {50, 50, 50}, {2, 1}},
      {"up to the files", {1, 1, 1, 1}, {3, 1}},
      {"a large one alone", {10, 500, 10}, {1, 1, 1}},
      {"of the largest size there is", {UINT64_MAX, UINT64_MAX, 1}, {1, 1, 1}},
      {"empty ones", {0, 0, 0, 100, 0}, {3, 2}},
  };
  for (const Row& row : rows) {
    PackedInputs inputs;
    for (std::uint64_t size : row.sizes) inputs.append({.name = "n", .path = "", .stored_bytes = size});
    auto loads = cut_loads(inputs, 100, 3);
    EXPECT_EQ(counts(loads), row.counts) << row.name;
    std::size_t next = 0;
    for (const Load& load : loads) {
      EXPECT_EQ(load.first, next) << row.name;
      next += load.count;
    }
    EXPECT_EQ(next, row.sizes.size()) << row.name;
  }
}

// "map 1/2 map 2/2 reduce<map 1/2,map 2/2>": the dependencies.
std::string shape(const TaskGraph& graph) {
  std::string text;
  for (const PlannedTask& task : graph.tasks()) {
    text += (text.empty() ? "" : " ") + task.label;
    if (task.needs.empty()) continue;
    text += '<';
    for (std::size_t needed : task.needs)
      text += graph.tasks()[needed].label + (needed == task.needs.back() ? ">" : ",");
  }
  return text;
}

TEST(Graph, HasTheTasksThatTheJobNeeds) {
  struct Row {
    const char* name;
    std::string job;
    std::string taskcluster;
    std::size_t inputs;
    std::string shape;
  };
  const std::string sum = "reducer: {builtin: sum}\n";
  const std::string steps = sum + "steps: [{mapper: {language: python, script: m.py}, reducer: {builtin: sum}}]\n";
  const std::string one_each = "load: {files: 1}";
  const std::string two = one_each + ", fan_in: 2";
  const std::vector<Row> rows = {
      {"one map", sum, "", 1, "map reduce<map>"},
      {"two maps", sum, one_each, 2, "map 1/2 map 2/2 reduce<map 1/2,map 2/2>"},
      {"without a reducer", "", one_each, 2, "map 1/2 map 2/2 collect<map 1/2,map 2/2>"},
      {"two reducers", sum + "reducers: 2\n", one_each, 1,
       "map reduce 1/2<map> reduce 2/2<map> collect<reduce 1/2,reduce 2/2>"},
      {"with steps", steps + "reducers: 2\n", one_each, 1, "map reduce<map>"},
      {"a merge that leaves one alone", sum, two, 3,
       "map 1/3 map 2/3 map 3/3 merge<map 2/3,map 3/3> reduce<map 1/3,merge>"},
      {"merges of merges", "", two, 5,
       "map 1/5 map 2/5 map 3/5 map 4/5 map 5/5 merge 1/3<map 2/5,map 3/5> merge 2/3<map 4/5,map 5/5> "
       "merge 3/3<merge 1/3,merge 2/3> collect<map 1/5,merge 3/3>"},
      {"merges before several reducers", sum + "reducers: 2\n", two, 3,
       "map 1/3 map 2/3 map 3/3 merge<map 2/3,map 3/3> reduce 1/2<map 1/3,merge> reduce 2/2<map 1/3,merge> "
       "collect<reduce 1/2,reduce 2/2>"},
  };
  for (const Row& row : rows) {
    PlanForTest test(row.job, row.taskcluster);
    test.add_many(row.inputs);
    EXPECT_EQ(shape(test.graph()), row.shape) << row.name;
  }
}

TEST(Graph, IsInOrderAndHasOneFinalTask) {
  PlanForTest test("reducer: {builtin: sum}\nreducers: 3\n", "load: {files: 1}, fan_in: 7");
  test.add_many(1000);
  TaskGraph graph = test.graph();
  std::set<std::string> ids;
  for (std::size_t i = 0; i < graph.tasks().size(); ++i) {
    const PlannedTask& task = graph.tasks()[i];
    EXPECT_TRUE(taskcluster::is_slugid(task.task_id)) << task.task_id;
    EXPECT_EQ(task.task_id, task_id_of(test.group_id, task.label));
    EXPECT_EQ(task.is_final, i + 1 == graph.tasks().size());
    EXPECT_LE(task.needs.size(), 7U) << task.label;
    for (std::size_t needed : task.needs) EXPECT_LT(needed, i) << task.label;
    ids.insert(task.task_id);
  }
  EXPECT_EQ(ids.size(), graph.tasks().size());
  EXPECT_EQ(graph.final_task().label, "collect");
}

// The loads whose results reach a task, in input order.
std::vector<std::size_t> maps_below(const TaskGraph& graph, std::size_t task) {
  if (graph.tasks()[task].kind == TaskKind::kMap) return {graph.tasks()[task].load};
  std::vector<std::size_t> loads;
  for (std::size_t needed : graph.tasks()[task].needs) {
    for (std::size_t load : maps_below(graph, needed)) loads.push_back(load);
  }
  return loads;
}

TEST(Graph, KeepsTheOrderOfTheInputsThroughAllMerges) {
  for (std::size_t fan_in : {2, 3, 10, 99, 100, 500}) {
    PlanForTest test("reducer: {builtin: sum}\n", "load: {files: 1}, fan_in: " + std::to_string(fan_in));
    test.add_many(100);
    TaskGraph graph = test.graph();
    std::vector<std::size_t> loads = maps_below(graph, graph.tasks().size() - 1);
    ASSERT_EQ(loads.size(), 100U);
    for (std::size_t i = 0; i < loads.size(); ++i) EXPECT_EQ(loads[i], i) << fan_in;
  }
}

TEST(Graph, MergesTwelveThousandMaps) {
  PlanForTest test("reducer: {builtin: sum}\n", "load: {files: 1}");
  test.add_many(12'000);
  TaskGraph graph = test.graph();
  EXPECT_EQ(graph.tasks().size(), 12'000U + 24 + 1);
  for (const PlannedTask& task : graph.tasks()) EXPECT_LE(task.needs.size(), 500U);
  EXPECT_EQ(graph.tasks()[12'000].needs.size(), 500U);
  EXPECT_EQ(graph.tasks()[12'000].label, "merge 1/24");
}

TEST(Graph, RefusesWhatTasksCannotDo) {
  struct Row {
    const char* name;
    std::string job;
    std::string taskcluster;
    std::function<void(PlanForTest&)> change;
    std::string message;
  };
  const std::string sum = "reducer: {builtin: sum}\n";
  const std::vector<Row> rows = {
      {"no inputs", sum, "", [](PlanForTest& test) { test.inputs.clear(); }, "it has no inputs"},
      {"a local input", sum, "",
       [](PlanForTest& test) { test.inputs.push_back({.name = "data/a.gz", .path = "/data/a.gz"}); },
       "data/a.gz is a file of this machine, which no task can read"},
      {"a secret in a URL", sum, "",
       [](PlanForTest& test) {
         test.inputs.push_back({.name = "https://h/a", .path = "", .url = "https://h/a?sig=hidden"});
       },
       "has a query that may hold a secret, and everybody may read what a task is to do"},
      {"everything below", sum, "", [](PlanForTest& test) { test.add("s3://b/folder/"); },
       "s3://b/folder/ ends with /"},
      {"no UTF-8", sum, "", [](PlanForTest& test) { test.add("s3://b/\xff"); }, "is not UTF-8"},
      {"an interpreter that no task gets", "reducer: {language: python, script: r.py, interpreter: .venv/bin/python}\n",
       "", [](PlanForTest&) {}, "interpreter is .venv/bin/python, in the job's folder, and no task gets it"},
      {"no UTF-8 in --set", sum, "", [](PlanForTest& test) { test.set_arguments = {"separator=\xff"}; },
       "is not UTF-8"},
      {"no queue", sum, "", [](PlanForTest& test) { test.settings.task_queue = ""; },
       "job.yml: taskcluster.task_queue is not set"},
      {"no image", sum, "", [](PlanForTest& test) { test.settings.image = {}; },
       "job.yml: taskcluster.image is not set"},
      {"no owner", sum, "", [](PlanForTest& test) { test.job.owner = ""; }, "job.yml: owner is not set"},
      {"no address for the mail", sum + "notify: {via: taskcluster}\n", "",
       [](PlanForTest& test) { test.job.owner = "someone"; }, "owner is 'someone'"},
      {"several results", sum + "reducers: 2\nresult.parts: keep\noutput: \"-\"\n", "", [](PlanForTest&) {},
       "cannot all go to standard output"},
      {"more reducers than one task can wait for", sum + "reducers: 3\n", "fan_in: 2", [](PlanForTest&) {},
       "reducers is 3, and one task may wait for 2 others only"},
      {"nothing to seal", sum, "s3_credentials: sealed", [](PlanForTest&) {}, "the variable CREDENTIALS is not set"},
      {"a bucket that Taskcluster does not know", sum, "s3_credentials: taskcluster",
       [](PlanForTest& test) { test.add("s3://b.with.dots/a"); }, "b.with.dots has a name"},
  };
  for (const Row& row : rows) {
    PlanForTest test(row.job, row.taskcluster);
    test.add_many(1);
    row.change(test);
    EXPECT_THAT(test.failure(), HasSubstr(row.message)) << row.name;
    EXPECT_THAT(test.failure(), ::testing::Not(HasSubstr("hidden"))) << row.name;
  }
}

TEST(GroupIds, FollowFromAllThatMakesTheGroup) {
  PlanForTest test;
  test.add_many(2);
  std::set<std::string> ids;
  auto add = [&](const std::string& text, UtcTime now) { ids.insert(group_id_of(text, test.inputs, now)); };
  add("job", test.now);
  add("job", test.now);
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_TRUE(taskcluster::is_slugid(*ids.begin()));
  add("another job", test.now);
  add("job", test.now + std::chrono::seconds(1));
  test.inputs[0].stored_bytes = 1;
  add("job", test.now);
  test.inputs.pop_back();
  add("job", test.now);
  EXPECT_EQ(ids.size(), 5U);
}

TEST(TaskIds, StayTheSame) {
  // A later version of quern must find the same tasks when a submission is continued.
  EXPECT_EQ(task_id_of("Q3GkR1sXTx2mV0c7b1yZ5A", "map 1/2"), "dml5sBAuRd6xKD12GQzs1w");
}

}  // namespace
}  // namespace quern::plan

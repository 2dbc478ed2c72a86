#include "model/taskcluster/watched_group.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(WatchedGroup, CountsStatesAndRetries) {
  WatchedGroup group;
  group.tasks = {{.id = "a", .label = "map 1/2", .state = TaskState::kRunning, .runs = 3},
                 {.id = "b", .label = "map 2/2", .state = TaskState::kUnscheduled},
                 {.id = "c", .label = "reduce", .kind = TaskKind::kReduce, .state = TaskState::kUnscheduled}};
  EXPECT_EQ(count_states(group, TaskKind::kMap), (StateCounts{1, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(count_states(group, TaskKind::kMerge), StateCounts{});
  EXPECT_EQ(count_retries(group), 2U);
}

TEST(WatchedGroup, SaysWhatBecameOfATask) {
  WatchedTask task{.id = "a", .label = "map 1/2", .state = TaskState::kFailed, .runs = 1, .reason = "failed"};
  EXPECT_EQ(fate_in_words(task), "map 1/2 failed: its command failed, or ran for too long");
  task.cause = "a.json: a cause";
  EXPECT_EQ(fate_in_words(task), "map 1/2 failed; it said: a.json: a cause");
  task.reason = "intermittent-task";
  EXPECT_EQ(fate_in_words(task), "map 1/2 failed: it failed of something that may pass; it said: a.json: a cause");
  task.cause = "";
  task.runs = 3;
  task.state = TaskState::kException;
  task.reason = "claim-expired";
  EXPECT_EQ(fate_in_words(task), "map 1/2 failed in run 2: its worker was lost");
  task.reason = "some-new-reason";
  EXPECT_EQ(fate_in_words(task), "map 1/2 failed in run 2: it ended for the reason some-new-reason");
  task.state = TaskState::kCompleted;
  EXPECT_EQ(fate_in_words(task), "map 1/2 is completed");
}

}  // namespace
}  // namespace quern

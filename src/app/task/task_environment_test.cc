#include "app/task/task_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace quern::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::optional<TaskEnvironment>> read(const std::map<std::string, std::string>& variables) {
  return read_task_environment([&](const char* name) -> const char* {
    auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(TaskEnvironment, IsNoneOutsideOfATask) {
  EXPECT_FALSE(read({}).value().has_value());
  EXPECT_FALSE(read({{"QUERN_ARTIFACTS", ""}, {"QUERN_PARTITION", "x"}}).value().has_value());
}

TEST(TaskEnvironment, HasWhatTheTaskSays) {
  TaskEnvironment least = read({{"QUERN_ARTIFACTS", "artifacts"}}).value().value();
  EXPECT_FALSE(least.is_final || least.partition.has_value() || least.run_id.has_value());
  EXPECT_EQ(least.artifact_name("task.json"), "task.json");
  TaskEnvironment all = read({{"QUERN_ARTIFACTS", "artifacts"},
                              {"QUERN_ARTIFACT_PREFIX", "public/quern"},
                              {"QUERN_JOB", "pack"},
                              {"QUERN_PARTITION", "3"},
                              {"QUERN_FINAL", "1"},
                              {"INPUT_TASK_IDS", "  one two\nthree "},
                              {"TASK_ID", "own"},
                              {"RUN_ID", "2"}})
                            .value()
                            .value();
  EXPECT_EQ(all.artifact_name("task.json"), "public/quern/task.json");
  EXPECT_EQ(all.partition, 3U);
  EXPECT_TRUE(all.is_final);
  EXPECT_THAT(all.input_task_ids, ElementsAre("one", "two", "three"));
  EXPECT_EQ(all.run_id, 2);
}

TEST(TaskEnvironment, NamesAVariableThatIsWrong) {
  for (const char* name : {"QUERN_PARTITION", "QUERN_FINAL", "RUN_ID"}) {
    for (const char* value : {"x", "-1", "1x", "99999", "1.5"}) {
      auto found = read({{"QUERN_ARTIFACTS", "artifacts"}, {name, value}});
      ASSERT_FALSE(found.ok()) << name << value;
      EXPECT_EQ(found.error().kind, ErrorKind::kBadConfig);
      EXPECT_THAT(found.error().message, HasSubstr(name));
    }
  }
}

}  // namespace
}  // namespace quern::app

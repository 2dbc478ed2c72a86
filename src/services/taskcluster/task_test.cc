#include "services/taskcluster/task.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::taskcluster {
namespace {

const std::string kDefinition =
    R"({"taskQueueId":"p/w","dependencies":["a"],"created":"2026-01-01T00:00:00Z","priority":"low",)"
    R"("payload":{"command":["quern","map"],"env":{"QUERN_JOB":"abc","CREDENTIALS":"x"}},"metadata":{"name":"n"}})";

TEST(Environment, IsThatOfThePayload) {
  EXPECT_EQ(environment_of(kDefinition, "QUERN_JOB"), "abc");
  EXPECT_EQ(environment_of(kDefinition, "OTHER"), "");
  EXPECT_EQ(environment_of("{}", "QUERN_JOB"), "");
  EXPECT_EQ(environment_of("[1]", "QUERN_JOB"), "");
  EXPECT_EQ(environment_of(R"({"payload":{"env":{"A":1}}})", "A"), "");
  EXPECT_EQ(environment_of("no JSON", "QUERN_JOB"), "");
}

TEST(DifferenceInWork, IsOfWhatATaskDoes) {
  struct Row {
    const char* name;
    const char* from;
    const char* to;
    const char* path;
  };
  const std::vector<Row> rows = {
      {"nothing", "", "", ""},
      {"time", "2026-01-01", "2026-01-02", ""},
      {"priority", "\"low\"", "\"high\"", ""},
      {"name", "\"n\"", "\"m\"", ""},
      {"sealed again", "\"x\"", "\"y\"", ""},
      {"no credentials", ",\"CREDENTIALS\":\"x\"", "", ""},
      {"other order", R"("taskQueueId":"p/w","dependencies":["a"])", R"("dependencies":["a"],"taskQueueId":"p/w")", ""},
      {"job", "abc", "abd", "payload.env.QUERN_JOB"},
      {"no job", "\"QUERN_JOB\":\"abc\",", "", "payload.env.QUERN_JOB"},
      {"command", "\"map\"", "\"reduce\"", "payload.command"},
      {"queue", "p/w", "p/v", "taskQueueId"},
      {"dependencies", "[\"a\"]", "[\"b\"]", "dependencies"},
      {"no payload", "\"payload\"", "\"load\"", "payload"},
      {"no JSON", "{", "", "payload"}};
  for (const Row& row : rows) {
    std::string other = kDefinition;
    other.replace(other.find(row.from), std::string(row.from).size(), row.to);
    EXPECT_EQ(difference_in_work(kDefinition, other), row.path) << row.name;
    EXPECT_EQ(difference_in_work(other, kDefinition), row.path) << row.name;
  }
}

}  // namespace
}  // namespace quern::taskcluster

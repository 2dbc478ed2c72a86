#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "model/limits.h"
#include "stages/plan/plan.h"
#include "stages/plan/plan_for_test.h"

namespace quern::plan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

std::string verdict(const Json& task, UtcTime now) {
  auto checked = check_definition("map", task.dump(), now);
  if (checked.ok()) return "taken";
  EXPECT_EQ(checked.error().kind, ErrorKind::kBadConfig);
  return checked.error().message;
}

class Rules : public ::testing::Test {
 protected:
  Rules() : test_("reducer: {builtin: sum}\n", "load: {files: 1}, routes: [a]") {
    test_.add_many(2);
    task_ = definition_of(test_.graph(), 2, test_.now);
  }

  PlanForTest test_;
  Json task_;
};

TEST_F(Rules, TakeWhatIsPlanned) {
  for (const std::string more : {"", "reducer: {builtin: sum}\n", "reducer: {builtin: sum}\nreducers: 3\n"}) {
    PlanForTest test(more, "load: {files: 1}, fan_in: 3");
    test.add_many(20);
    auto checked = check_graph(test.graph(), test.now);
    EXPECT_TRUE(checked.ok()) << (checked.ok() ? "" : checked.error().message);
  }
}

TEST_F(Rules, NameTheFirstTaskThatIsTooLarge) {
  PlanForTest test("reducer: {builtin: sum}\n", "load: {files: 1}, fan_in: 300");
  test.add_many(1000);
  for (std::size_t input : {999, 530}) {
    const std::string url = "s3://telemetry/" + std::string(limits::kMaxTaskclusterBodyBytes, 'x');
    test.inputs.inputs[input].name = test.inputs.inputs[input].url = url;
    EXPECT_THAT(check_graph(test.graph(), test.now).error().message,
                AllOf(HasSubstr(fmt::format("the task map {}/1000: its definition has 20972", input + 1)),
                      HasSubstr("less than 10485760")));
  }
}

TEST_F(Rules, TakeAllThatTheSchemasDo) {
  Json& payload = task_["payload"];
  payload["image"] = Json{{"type", "docker-image"}, {"name", "debian:12"}};
  payload["cache"] = Json{{"some-cache", "/cache"}};
  payload["capabilities"] = Json{{"privileged", false}, {"disableSeccomp", true}, {"devices", Json{{"kvm", true}}}};
  payload["log"] = "public/log.txt";
  payload["supersederUrl"] = "https://example.com";
  payload["onExitStatus"]["purgeCaches"] = Json::array({1});
  payload["artifacts"]["public/x"] = Json{{"type", "file"}, {"path", "/x"}, {"expires", "2026-02-28T00:00:00.000Z"}};
  task_["extra"] = Json{{"anything", Json::array({1, 2})}};
  task_["metadata"]["source"] = "git@example.com:job.git";
  EXPECT_EQ(verdict(task_, test_.now), "taken");
}

TEST_F(Rules, RefuseWhatTheSchemasAndTheQueueDo) {
  struct Row {
    const char* path;
    Json value;
    std::string message;
  };
  const Json two_thousand = Json::array();
  const std::vector<Row> rows = {
      {"/taskQueueId", "linux", "taskQueueId is \"linux\"; it must be PROVISIONER/WORKER-TYPE"},
      {"/schedulerId", "a b", "schedulerId is \"a b\"; it must be "},
      {"/schedulerId", "", "schedulerId is \"\"; it must be "},
      {"/projectId", "a b", "projectId is \"a b\"; it must be "},
      {"/taskGroupId", "x", "taskGroupId is \"x\"; it must be a slugid"},
      {"/dependencies/1", "x", "dependencies[1] is \"x\"; it must be a slugid"},
      {"/dependencies", Json(), "dependencies is null; it must be a list"},
      {"/requires", "some", "requires is \"some\"; it must be all-completed or all-resolved"},
      {"/priority", "urgent", "priority is \"urgent\"; it must be highest"},
      {"/retries", 50, "retries is 50; it must be a whole number from 0 to 49"},
      {"/retries", "5", "retries is \"5\"; it must be a whole number"},
      {"/created", "today", "created is \"today\"; it must be a time"},
      {"/created", "2026-01-31T11:44:59Z", "created is 2026-01-31T11:44:59Z, and now it is 2026-01-31T12:00:00Z"},
      {"/created", "2026-01-31T12:15:01Z", "created is 2026-01-31T12:15:01Z, and now"},
      {"/deadline", "2026-01-31T12:00:00Z", "deadline is 2026-01-31T12:00:00Z; it must be later than now"},
      {"/deadline", "2026-02-05T12:15:01Z", "deadline is 2026-02-05T12:15:01Z; it must be within 5 days"},
      {"/expires", "2026-02-01T11:59:59Z", "expires is 2026-02-01T11:59:59Z, before .deadline"},
      {"/scopes", Json::array({"a**"}), "scopes[0] is \"a**\"; it must be printable ASCII"},
      {"/scopes", Json::array({"\xc3\xa4"}), "scopes[0] is \"\\u00e4\"; it must be printable ASCII"},
      {"/routes", Json::array({"a", "a"}), "routes has \"a\" twice"},
      {"/routes", Json::array({""}), "routes[0] has 0 characters; it must have 1 to 249"},
      {"/metadata/name", std::string(256, 'a'), "metadata.name has 256 characters; it must have 0 to 255"},
      {"/metadata/owner", 1, "metadata.owner is 1; it must be text"},
      {"/metadata/source", "ftp://a", "metadata.source is \"ftp://a\"; it must be a URL"},
      {"/metadata/colour", "red", "metadata.colour is not known there"},
      {"/tags/a", 1, "tags.a is 1; it must be text"},
      {"/extra", 1, "extra is 1; it must be an object"},
      {"/pririty", "low", "pririty is not known there; is priority meant?"},
      {"/payload/image", Json{{"type", "zip-image"}}, "payload.image is {\"type\":\"zip-image\"}; it must be a name"},
      {"/payload/image", Json{{"type", "indexed-image"}, {"namespace", "a"}}, "payload.image.path is missing"},
      {"/payload/image", Json{{"type", "task-image"}, {"taskId", "fOF8Cqj0QPKbvczC2dnXiQ"}, {"path", "public/i"}},
       "payload.image.taskId is \"fOF8Cqj0QPKbvczC2dnXiQ\", which is not among .dependencies"},
      {"/payload/maxRunTime", 0, "payload.maxRunTime is 0; it must be a whole number from 1"},
      {"/payload/command/1", 5, "payload.command[1] is 5; it must be text"},
      {"/payload/command/1", std::string(131'072, 'a'), "payload.command[1] has 131072 bytes; one argument"},
      {"/payload/command/1", std::string("a\0b", 3), "payload.command[1] has a zero byte in it"},
      {"/payload/env/A", 5, "payload.env.A is 5; it must be text"},
      {"/payload/env/A", std::string(131'070, 'a'), "payload.env.A has 131072 bytes; one argument"},
      {"/payload/env", Json{{"a=b", "c"}}, "payload.env.a=b is no name of a variable"},
      {"/payload/features/root", true, "payload.features.root is not known there"},
      {"/payload/features/taskclusterProxy", 1, "payload.features.taskclusterProxy is 1; it must be true or false"},
      {"/payload/onExitStatus/retry", Json::array({"75"}), "payload.onExitStatus.retry[0] is \"75\"; it must be a"},
      {"/payload/artifacts/public~1quern/type", "link", "payload.artifacts.public/quern.type is \"link\"; it must be"},
      {"/payload/artifacts/public~1quern/path", "x", "payload.artifacts.public/quern.path is \"x\"; it must be an abs"},
      {"/payload/artifacts/\xc3\xa4", Json{{"type", "file"}, {"path", "/x"}}, "is no name of an artifact"},
  };
  for (const Row& row : rows) {
    Json task = task_;
    task[Json::json_pointer(row.path)] = row.value;
    EXPECT_THAT(verdict(task, test_.now),
                HasSubstr("the task map: " + (row.message.starts_with("is no") ? "" : row.message)))
        << row.path;
    EXPECT_THAT(verdict(task, test_.now), HasSubstr(row.message)) << row.path;
  }
}

TEST_F(Rules, MissWhatIsMissing) {
  for (const char* path : {"/taskQueueId", "/created", "/deadline", "/metadata", "/payload", "/metadata/name",
                           "/metadata/description", "/metadata/owner", "/metadata/source", "/payload/image",
                           "/payload/maxRunTime", "/payload/artifacts/public~1quern/path"}) {
    Json task = task_;
    Json::json_pointer pointer(path);
    task[pointer.parent_pointer()].erase(pointer.back());
    EXPECT_THAT(verdict(task, test_.now), ::testing::EndsWith(pointer.back() + " is missing")) << path;
  }
}

TEST_F(Rules, RefuseWhatIsTooMuch) {
  Json task = task_;
  task["dependencies"] = Json::array();
  for (int i = 0; i <= 10'000; ++i) task["dependencies"].push_back(task_id_of("group", std::to_string(i)));
  EXPECT_THAT(verdict(task, test_.now), HasSubstr("dependencies has 10001 entries; Taskcluster takes 10000 at most"));
  task = task_;
  for (int i = 0; i < 65; ++i) task["routes"].push_back("route." + std::to_string(i));
  EXPECT_THAT(verdict(task, test_.now), HasSubstr("routes has 66 entries; Taskcluster takes 64 at most"));
  task = task_;
  task["dependencies"][1] = task["dependencies"][0];
  EXPECT_THAT(verdict(task, test_.now), HasSubstr("twice"));
  task = task_;
  for (int i = 0; i < 20; ++i) task["payload"]["command"].push_back(std::string(60'000, 'a'));
  EXPECT_THAT(verdict(task, test_.now), HasSubstr("payload: its command and environment have 12"));
  task = task_;
  task["extra"]["large"] = std::string(10 << 20, 'a');
  EXPECT_THAT(verdict(task, test_.now), HasSubstr("the task map: its definition has 10"));
}

TEST_F(Rules, RefuseWhatIsNoTask) {
  for (const char* text : {"", "[]", "1", "{", "{}", "null", "{\"payload\":{}}"}) {
    EXPECT_FALSE(check_definition("map", text, test_.now).ok()) << text;
  }
}

}  // namespace
}  // namespace quern::plan

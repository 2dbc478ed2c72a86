#include "views/json/group_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "base/fd.h"

namespace quern::view {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

TEST(GroupJson, WritesOneObjectALine) {
  Pipe pipe = make_pipe(1 << 20).value();
  ClockTime now{};
  std::optional<GroupJson> view(
      JsonOptions{.fd = pipe.write_end.number(),
                  .clock = [&] { return now; },
                  .wall_clock = [] { return std::chrono::system_clock::time_point(milliseconds(1'000'000'000'123)); }});
  WatchedGroup group{.id = "G", .page = "https://tc/G", .job = "j\xff"};
  group.tasks = {{.id = "T", .label = "map 1/1", .state = TaskState::kRunning, .runs = 2, .log = "https://tc/log"},
                 {.id = "R", .label = "reduce", .kind = TaskKind::kReduce, .state = TaskState::kUnscheduled}};
  view->creating(0, 2);
  view->creating(1, 2);
  now += milliseconds(250);
  view->creating(2, 2);
  view->found(group);
  view->looked(group, {});
  group.tasks[0].state = TaskState::kException;
  group.tasks[0].reason = "claim-expired";
  group.tasks[0].cause = "a.json: odd";
  view->looked(group, {0});
  view->tick(group);
  view->note(event::Level::kError, "broken");
  view->accounting("{\"status\": \"done\"}");
  EXPECT_TRUE(view->outcome().ok());
  view.reset();
  pipe.write_end.reset();
  std::array<char, 16384> text{};
  std::istringstream stream(std::string(text.data(), read_some(pipe.read_end, text).value()));
  std::vector<std::string> lines;
  const std::string time = R"("time":"2001-09-09T01:46:40.123Z",)";
  for (std::string line; std::getline(stream, line);) {
    std::size_t at = line.find(time);
    ASSERT_NE(at, std::string::npos) << line;
    lines.push_back(line.erase(at, time.size()));
  }
  EXPECT_THAT(
      lines,
      ElementsAre(
          R"({"event":"tasks_created","elapsed":0.0,"created":0,"total":2})",
          R"({"event":"tasks_created","elapsed":0.25,"created":2,"total":2})",
          "{\"event\":\"group\",\"elapsed\":0.25,\"group_id\":\"G\",\"url\":\"https://tc/G\",\"job\":\"j\xEF\xBF\xBD\","
          "\"tasks\":{\"map\":{\"running\":1},\"reduce\":{\"unscheduled\":1}},\"retries\":1}",
          R"({"event":"task","elapsed":0.25,"task_id":"T","name":"map 1/1","kind":"map","state":"running","run":1,"log":"https://tc/log"})",
          R"({"event":"task","elapsed":0.25,"task_id":"T","name":"map 1/1","kind":"map","state":"exception","run":1,"reason":"claim-expired","cause":"a.json: odd","log":"https://tc/log"})",
          "{\"event\":\"group\",\"elapsed\":0.25,\"group_id\":\"G\",\"url\":\"https://tc/G\",\"job\":\"j\xEF\xBF\xBD\","
          "\"tasks\":{\"map\":{\"exception\":1},\"reduce\":{\"unscheduled\":1}},\"retries\":1}",
          R"({"event":"note","elapsed":0.25,"level":"error","text":"broken"})",
          R"({"event":"accounting","elapsed":0.25,"accounting":{"status":"done"}})"));
}

}  // namespace
}  // namespace quern::view

#include "views/terminal/group_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/fd.h"

namespace quern::view {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const UtcTime kBegun = UtcTime(std::chrono::hours(500000));

WatchedGroup group_of(std::size_t maps) {
  WatchedGroup group{.id = "G", .page = "https://tc/tasks/groups/G", .job = "os-count", .begun = kBegun};
  for (std::size_t i = 1; i <= maps; ++i) {
    group.tasks.push_back(
        {.id = "T" + std::to_string(i), .label = "map " + std::to_string(i), .state = TaskState::kPending, .runs = 1});
  }
  group.tasks.push_back(
      {.id = "R", .label = "reduce", .kind = TaskKind::kReduce, .is_final = true, .state = TaskState::kUnscheduled});
  group.final_task = maps;
  return group;
}

void fail(WatchedTask& task) {
  task.state = TaskState::kFailed;
  task.reason = "failed";
  task.log = "https://tc/log/" + task.id;
}

TEST(GroupTable, ShowsWhatIsHowFar) {
  WatchedGroup group = group_of(4);
  group.tasks[0].state = TaskState::kCompleted;
  for (std::size_t i : {1U, 2U}) {
    group.tasks[i].state = TaskState::kRunning;
    group.tasks[i].started = kBegun + seconds(10 * i);
  }
  group.tasks[2].runs = 3;
  EXPECT_THAT(render_group(group, kBegun + seconds(90), {}, 100),
              ElementsAre("os-count  https://tc/tasks/groups/G",
                          "              waiting    pending    running  completed     failed",
                          "map                 0          1          2          1          0",
                          "reduce              1          0          0          0          0",
                          "longest   map 2 1 min 20 s, map 3 1 min 10 s", "retries   2", "elapsed   1 min 30 s"));
  for (const std::string& line : render_group(group, kBegun, {.color = true}, 30)) {
    EXPECT_LE(display_width(clean(line)), 29U) << line;
  }
}

TEST(GroupTable, IsSafeForATerminal) {
  WatchedGroup group = group_of(1);
  group.job = "a\x1b[2Jb";
  EXPECT_EQ(render_group(group, kBegun, {}, 80)[0], "ab  https://tc/tasks/groups/G");
}

TEST(GroupLine, SaysItInOneLine) {
  WatchedGroup group = group_of(4);
  EXPECT_EQ(group_line(group), "map: 0 of 4 completed, 4 pending; reduce: waiting");
  fail(group.tasks[0]);
  group.tasks[1].state = TaskState::kRunning;
  group.tasks[1].runs = 2;
  group.tasks[2].state = TaskState::kCompleted;
  EXPECT_EQ(group_line(group), "map: 1 of 4 completed, 1 running, 1 pending, 1 failed; reduce: waiting; 1 retry");
  for (WatchedTask& task : group.tasks) task.state = TaskState::kCompleted;
  EXPECT_EQ(group_line(group), "map: completed; reduce: completed; 1 retry");
}

// A view that writes to a pipe, at times that the test sets.
class GroupViewTest : public testing::Test {
 protected:
  GroupViewTest() : pipe_(make_pipe(1 << 20).value()) {}
  std::unique_ptr<GroupSink> view(bool is_terminal, bool quiet = false) {
    return make_group_view({.fd = pipe_.write_end.number(),
                            .is_terminal = is_terminal,
                            .quiet = quiet,
                            .clock = [this] { return now; },
                            .size = ScreenSize{.rows = 24, .columns = 90}});
  }
  std::string written() {
    pipe_.write_end.reset();
    std::string text;
    std::array<char, 4096> part{};
    while (std::size_t count = read_some(pipe_.read_end, part).value()) text.append(part.data(), count);
    return text;
  }

  ClockTime now{};
  WatchedGroup group = group_of(2);

 private:
  Pipe pipe_;
};

TEST_F(GroupViewTest, WritesALineWhereSomethingChanged) {
  auto view = this->view(false);
  view->creating(1, 3);
  view->creating(2, 3);
  view->creating(3, 3);
  view->found(group);
  view->looked(group, {});
  group.tasks[0].state = TaskState::kRunning;
  view->looked(group, {0});
  now += seconds(29);
  view->tick(group);
  now += seconds(1);
  view->tick(group);
  view.reset();
  EXPECT_EQ(written(),
            "tasks: 1 of 3 created\ntasks: 3 of 3 created\nmap: 0 of 2 completed, 2 pending; reduce: waiting\n"
            "map: 0 of 2 completed, 1 running, 1 pending; reduce: waiting\n"
            "map: 0 of 2 completed, 1 running, 1 pending; reduce: waiting\n");
}

TEST_F(GroupViewTest, TellsWhatFailedWhereverItIsShown) {
  fail(group.tasks[1]);
  auto view = this->view(false, true);
  view->creating(3, 3);
  view->note(event::Level::kWarning, "w");
  view->note(event::Level::kInfo, "i");
  view->found(group);
  view->looked(group, {});
  fail(group.tasks[0]);
  view->looked(group, {0});
  view.reset();
  EXPECT_EQ(written(),
            "warning: w\n"
            "failed: map 2 failed: its command failed, or ran for too long\n  https://tc/log/T2\n"
            "failed: map 1 failed: its command failed, or ran for too long\n  https://tc/log/T1\n");
}

TEST_F(GroupViewTest, TellsTheFirstFailuresAndCountsTheRest) {
  group = group_of(13);
  for (std::size_t i = 0; i < 13; ++i) fail(group.tasks[i]);
  auto view = this->view(false);
  view->found(group);
  view.reset();
  std::string text = written();
  EXPECT_THAT(text, HasSubstr("failed: map 10 failed"));
  EXPECT_THAT(text, Not(HasSubstr("map 11 failed")));
  EXPECT_THAT(text, HasSubstr("failed: 3 more tasks\n"));
}

TEST_F(GroupViewTest, DrawsATableOnATerminalAndTakesItAway) {
  auto view = this->view(true);
  view->creating(1, 3);
  view->creating(2, 3);  // too soon
  view->found(group);
  view->note(event::Level::kWarning, "slow");
  view->finish();
  std::string text = written();
  EXPECT_THAT(text, testing::StartsWith("creating  1 of 3 tasks\x1b[K\n\x1b[1A\r"));
  EXPECT_THAT(text, HasSubstr("waiting    pending"));
  EXPECT_THAT(text, HasSubstr("\x1b[Jwarning: slow\n"));
}

}  // namespace
}  // namespace quern::view

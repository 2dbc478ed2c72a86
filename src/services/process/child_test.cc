#include "services/process/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <csignal>
#include <thread>

#include "base/fd.h"
#include "model/limits.h"
#include "services/process/guard_for_test.h"
#include "services/process/log_lines.h"

namespace quern::process {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;
using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();

std::unique_ptr<Child> start_shell(const std::string& script, Guard& guard, bool framed = false) {
  auto child = Child::start({.command = {"/bin/sh", "-c", script},
                             .environment = {"PATH=/usr/bin:/bin", "QUERN_RUN=foreign", "GREETING=hello"},
                             .working_folder = "/tmp",
                             .framed = framed},
                            guard);
  EXPECT_TRUE(child.ok()) << child.error().message;
  return std::move(child).value();
}

struct Ended {
  std::string output;
  std::vector<std::string> log;
  Exit exit;
  std::size_t written_bytes = 0;
  bool output_ended = false;
  bool input_closed = false;
};

Ended run_to_end(Child& child, std::size_t most_output_bytes = limits::kPipeBytes) {
  Ended ended;
  Buffer output;
  while (true) {
    auto activity = child.wait(output, most_output_bytes, -1, kNever, {});
    if (!activity.ok()) {
      ADD_FAILURE() << activity.error().message;
      return ended;
    }
    ended.written_bytes += activity.value().written_bytes;
    ended.output_ended |= activity.value().output_ended;
    ended.input_closed |= activity.value().input_closed;
    for (std::string& line : child.take_log_lines()) ended.log.push_back(std::move(line));
    if (activity.value().exited) break;
  }
  ended.output = output.view();
  ended.exit = child.exit().value();
  return ended;
}

// A process that has ended but was not yet reaped by its new parent counts as gone.
bool is_alive(int pid) {
  auto status = read_file("/proc/" + std::to_string(pid) + "/stat", limits::kMiB);
  if (!status.ok()) return false;
  std::size_t name_end = status.value().rfind(')');
  return status.value().substr(name_end + 2, 1) != "Z" && status.value().substr(name_end + 2, 1) != "X";
}

void expect_gone(int pid) {
  while (is_alive(pid)) std::this_thread::yield();  // SIGKILL was sent; its effect is certain but not immediate
}

TEST(Child, GivesBackWhatCatGets) {
  NoGuard guard;
  auto child = start_shell("exec cat", guard);
  std::string bytes(3 * limits::kPipeBytes, 'x');
  child->send("first ");
  child->send(bytes);
  child->end_input();
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.output, "first " + bytes);
  EXPECT_EQ(ended.written_bytes, bytes.size() + 6);
  EXPECT_TRUE(ended.output_ended);
  EXPECT_FALSE(ended.input_closed);
  EXPECT_EQ(ended.exit.in_words(), "exit status 0");
  EXPECT_TRUE(guard.groups().empty());
}

TEST(Child, CountsInputAsClosedThatItEndedWithoutReading) {
  NoGuard guard;
  // Another process keeps the pipe open, so writing to it does not fail.
  auto child = start_shell("exec 9<&0; sleep 1000 & exit 0", guard);
  std::string bytes(3 * limits::kPipeBytes, 'x');
  child->send(bytes);
  child->end_input();
  EXPECT_TRUE(run_to_end(*child).input_closed);
  EXPECT_EQ(child->unsent_bytes(), 0U);
}

TEST(Child, MayLeaveProcessesInTheBackgroundIfItIsNotGuarded) {
  auto child = Child::start_unguarded({.command = {"/bin/sh", "-c", "echo out; sleep 1000 >&- 2>&- & echo $! >&2"},
                                       .environment = {"PATH=/usr/bin:/bin"},
                                       .logs_output = true});
  ASSERT_TRUE(child.ok()) << child.error().message;
  Ended ended = run_to_end(*child.value());
  ASSERT_EQ(ended.log.size(), 2U);
  EXPECT_EQ(ended.log[0], "out");
  const int left = std::stoi(ended.log[1]);
  EXPECT_TRUE(is_alive(left));
  ::kill(left, SIGKILL);
}

TEST(Child, ReadsNoMoreThanIsAskedFor) {
  NoGuard guard;
  auto child = start_shell("echo 0123456789", guard);
  Buffer output;
  for (std::size_t seen = 0; seen < 11; seen = output.size()) {
    ASSERT_TRUE(child->wait(output, 4, -1, kNever, {}).ok());
    EXPECT_LE(output.size() - seen, 4);
  }
  EXPECT_EQ(output.view(), "0123456789\n");
}

TEST(Child, LeavesTheOutputAloneWhileNoneIsWanted) {
  NoGuard guard;
  auto child = start_shell("echo out; exec >&-; echo log >&2", guard);
  Buffer output;
  while (child->take_log_lines().empty()) ASSERT_TRUE(child->wait(output, 0, -1, kNever, {}).ok());
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(run_to_end(*child).output, "out\n");
}

TEST(Child, SaysThatTheInputWasClosedEarly) {
  NoGuard guard;
  auto child = start_shell("exec head -1", guard);
  std::string lines;
  while (lines.size() < 4 * limits::kPipeBytes) lines += "line\n";
  child->send(lines);
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.output, "line\n");
  EXPECT_TRUE(ended.input_closed || child->exit().has_value());
  EXPECT_EQ(child->unsent_bytes(), 0);
  child->send("more");
  EXPECT_EQ(child->unsent_bytes(), 0);
  EXPECT_EQ(ended.exit.in_words(), "exit status 0");
}

TEST(Child, NoticesAClosedInputThatNothingIsSentTo) {
  NoGuard guard;
  auto child = start_shell("exec <&-; echo closed; exec sleep 1000", guard);
  Buffer output;
  bool closed = false;
  while (!closed) closed = child->wait(output, 100, -1, kNever, {}).value().input_closed;
  EXPECT_FALSE(child->exit().has_value());
}

TEST(Child, ReportsHowItEnded) {
  struct Row {
    const char* script;
    std::string_view words;
  };
  for (const Row& row : {
           Row{"exit 3", "exit status 3"},
           Row{"kill -SEGV $$", "killed by signal 11 (SIGSEGV, segmentation fault)"},
           Row{"kill -TERM $$", "killed by signal 15 (SIGTERM, terminated)"},
           Row{"kill -9 $$",
               "killed by signal 9 (SIGKILL), not by quern; the usual cause is the kernel's "
               "out-of-memory killer (see dmesg)"},
       }) {
    NoGuard guard;
    auto child = start_shell(row.script, guard);
    EXPECT_EQ(run_to_end(*child).exit.in_words(), row.words) << row.script;
  }
}

TEST(Exit, NamesTheCauseInWords) {
  EXPECT_EQ((Exit{.signal = 9, .out_of_memory = true}).in_words(),
            "killed by signal 9 (SIGKILL): the kernel killed it for memory");
  EXPECT_EQ((Exit{.signal = 9, .killed_by_us = true}).in_words(), "ended by quern");
  EXPECT_EQ((Exit{.signal = 24}).in_words(), "killed by signal 24 (SIGXCPU, CPU time limit exceeded)");
  EXPECT_EQ((Exit{.signal = 40}).in_words(), "killed by signal 40");
}

TEST(Child, KillsAtOnce) {
  NoGuard guard;
  auto child = start_shell("trap '' TERM; echo ready; read never", guard);
  Buffer output;
  while (output.empty()) ASSERT_TRUE(child->wait(output, 100, -1, kNever, {}).ok());
  EXPECT_EQ(guard.groups(), std::vector{child->pid()});
  child->kill();
  EXPECT_EQ(run_to_end(*child).exit.in_words(), "ended by quern");
}

TEST(Child, EndsWhatItLeftInItsGroup) {
  NoGuard guard;
  auto child = start_shell("sleep 1000 & echo $!", guard);
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.exit.status, 0);
  expect_gone(std::stoi(ended.output));
}

TEST(Child, DoesNotWaitForADaemonThatHoldsItsOutput) {
  NoGuard guard;
  auto child = start_shell("setsid sh -c 'echo $$; exec sleep 1000' & read pid; wait", guard);
  Buffer output;
  while (output.empty()) ASSERT_TRUE(child->wait(output, 100, -1, kNever, {}).ok());
  int daemon = std::stoi(std::string(output.view()));
  child->end_input();
  child->kill();
  EXPECT_EQ(run_to_end(*child).exit.in_words(), "ended by quern");
  EXPECT_TRUE(is_alive(daemon));
  ::kill(daemon, SIGKILL);
}

TEST(Child, IsEndedByItsDestructorEvenIfItIgnoresTerm) {
  NoGuard guard;
  auto child = start_shell("trap '' TERM; sleep 1000 & echo $!; while :; do wait; done", guard);
  Buffer output;
  while (output.empty()) ASSERT_TRUE(child->wait(output, 100, -1, kNever, {}).ok());
  int pid = child->pid();
  child.reset();
  EXPECT_FALSE(is_alive(pid));
  expect_gone(std::stoi(std::string(output.view())));
  EXPECT_TRUE(guard.groups().empty());
}

// So that what a record prints is shown before what it gives.
TEST(Child, CollectsTheLogBeforeTheOutputThatFollowsIt) {
  NoGuard guard;
  auto child = start_shell("i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo >&2; echo; done", guard);
  Buffer output;
  std::size_t logged = 0;
  while (!child->exit().has_value()) {
    ASSERT_TRUE(child->wait(output, 100, -1, kNever, {}).ok());
    logged += child->take_log_lines().size();
    ASSERT_GE(logged, output.size());
  }
  EXPECT_EQ(logged, 5000U);
}

TEST(Child, NeverBlocksOnAFullLog) {
  NoGuard guard;
  // The child writes 8 MiB of log before it reads its 8 MiB of input.
  auto child = start_shell("head -c 8388608 /dev/zero | tr '\\0' 'l' >&2; wc -c", guard);
  std::string bytes(8 * limits::kMiB, 'i');
  child->send(bytes);
  child->end_input();
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.output, "8388608\n");
  EXPECT_EQ(ended.log.size(), 1024);
  EXPECT_EQ(child->last_log_lines().size(), 8);  // of 8 KiB each: 64 KiB are kept
}

TEST(Child, LosesNoLogLineOfACallerWhoTakesThem) {
  NoGuard guard;
  auto child = start_shell("i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done >&2", guard);
  Ended ended = run_to_end(*child);
  ASSERT_EQ(ended.log.size(), 30000);
  EXPECT_EQ(ended.log.back(), "29999");
  EXPECT_EQ(child->last_log_lines().size(), limits::kShownLogLines);
}

TEST(Child, GivesWhatWasPrintedRightBeforeTheEnd) {
  NoGuard guard;
  auto child = start_shell("echo out; echo one >&2; printf two >&2; exit 1", guard);
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.output, "out\n");
  EXPECT_THAT(ended.log, ElementsAre("one", "two"));
  EXPECT_THAT(child->last_log_lines(), ElementsAre("one", "two"));
}

TEST(Child, GoesOnWithoutAnOutputThatItClosed) {
  NoGuard guard;
  auto child = start_shell("exec >&-; read line; echo \"got $line\" >&2", guard);
  Buffer output;
  while (!child->wait(output, 100, -1, kNever, {}).value().output_ended) {
  }
  // Nothing can happen any more, so a wait that did not block would return before the deadline.
  auto activity = child->wait(output, 100, -1, Clock::now() + std::chrono::milliseconds(1), {}).value();
  EXPECT_TRUE(activity.timed_out);
  child->send("it\n");
  EXPECT_THAT(run_to_end(*child).log, ElementsAre("got it"));
}

TEST(Child, WakesForAStopRequest) {
  NoGuard guard;
  auto child = start_shell("read never", guard);
  Buffer output;
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_TRUE(child->wait(output, 100, -1, kNever, stop.get_token()).value().stopped);
  EXPECT_TRUE(child->wait(output, 100, -1, kNever, stop.get_token()).value().stopped);
  // The request does not disturb a later wait with another token.
  EXPECT_TRUE(child->wait(output, 100, -1, Clock::now(), {}).value().timed_out);
}

TEST(Child, WakesForTheCallersDescriptor) {
  NoGuard guard;
  auto child = start_shell("read never", guard);
  Buffer output;
  Fd wake(::eventfd(1, EFD_CLOEXEC));
  Activity activity = child->wait(output, 100, wake.number(), kNever, {}).value();
  EXPECT_TRUE(activity.wake_readable);
  EXPECT_FALSE(activity.exited || activity.timed_out || activity.stopped);
}

TEST(Child, SpeaksOverDescriptorsOfTheirOwnWhenFramed) {
  NoGuard guard;
  auto child = start_shell("cat <&3 >&4; echo printed; echo complained >&2; cat; ls /proc/self/fd", guard, true);
  child->send("frames");
  child->end_input();
  Ended ended = run_to_end(*child);
  EXPECT_EQ(ended.output, "frames");
  // Standard input is empty; 5 is the folder that ls itself reads.
  EXPECT_THAT(ended.log, ElementsAre("printed", "complained", "0", "1", "2", "3", "4", "5"));
}

TEST(Child, StartsInItsFolderWithItsEnvironmentAndDefaultSignals) {
  NoGuard guard;
  auto child = start_shell("pwd; echo $GREETING $QUERN_RUN; grep -E 'SigBlk|SigIgn' /proc/self/status", guard);
  // glibc may leave its two internal signals, 32 and 33, ignored.
  EXPECT_THAT(run_to_end(*child).output,
              MatchesRegex("/tmp\nhello test\nSigBlk:\t0000000000000000\nSigIgn:\t0000000[01][08]0000000\n"));
}

}  // namespace
}  // namespace quern::process

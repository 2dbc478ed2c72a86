#include "services/process/guard.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fd.h"
#include "services/process/spawn.h"

namespace quern::process {
namespace {

// Starts a process that reports that it is running and would then sleep for a long time. It is in its own session, so
// that signals to other groups do not reach it.
int start_sleeper(std::vector<std::string> environment) {
  Pipe pipe = make_pipe(4096).value();
  environment.emplace_back("PATH=/usr/bin:/bin");
  auto pid = spawn({.command = {"/bin/sh", "-c", "echo; exec sleep 1000"},
                    .environment = std::move(environment),
                    .descriptors = {pipe.write_end.number(), pipe.write_end.number()},
                    .new_session = true});
  EXPECT_TRUE(pid.ok()) << pid.error().message;
  pipe.write_end.reset();
  char byte = 0;
  EXPECT_EQ(read_some(pipe.read_end, {&byte, 1}).value(), 1);
  return pid.value();
}

int signal_that_ended(int pid) {
  int status = reap(pid).value();
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(Guard, EndsRegisteredGroups) {
  int kept = start_sleeper({});
  int registered = start_sleeper({});
  auto guard = Guard::start();
  ASSERT_TRUE(guard.ok()) << guard.error().message;
  guard.value()->add_group(kept);
  guard.value()->add_group(registered);
  guard.value()->remove_group(kept);
  guard.value().reset();
  EXPECT_EQ(signal_that_ended(registered), SIGKILL);
  EXPECT_EQ(::kill(kept, 0), 0);
  ::kill(kept, SIGTERM);
  EXPECT_EQ(signal_that_ended(kept), SIGTERM);
}

TEST(Guard, EndsWhoeverCarriesTheMarker) {
  auto guard = Guard::start();
  ASSERT_TRUE(guard.ok()) << guard.error().message;
  std::string marker = guard.value()->marker();
  EXPECT_EQ(marker.size(), std::string("QUERN_RUN=").size() + 32);
  int marked = start_sleeper({"A=1", marker});
  int longer = start_sleeper({marker + "0"});
  int within = start_sleeper({"OTHER_" + marker});
  guard.value().reset();
  EXPECT_EQ(signal_that_ended(marked), SIGKILL);
  for (int pid : {longer, within}) {
    ::kill(pid, SIGTERM);
    EXPECT_EQ(signal_that_ended(pid), SIGTERM);
  }
}

// The guard outlives a quern that is killed. Here a copy of quern acts as the guard, and closing its pipe simulates the
// death.
TEST(Guard, IgnoresTheSignalsThatEndQuern) {
  Pipe pipe = make_pipe(4096).value();
  std::string marker = "QUERN_RUN=guard_test";
  auto pid = spawn({.program = "/proc/self/exe",
                    .command = {"quern", "guard", marker},
                    .descriptors = {pipe.read_end.number(), STDERR_FILENO, STDERR_FILENO},
                    .blocks_endings = true});
  ASSERT_TRUE(pid.ok()) << pid.error().message;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(pid.value(), signal);
  int marked = start_sleeper({marker});
  pipe.write_end.reset();
  EXPECT_EQ(signal_that_ended(marked), SIGKILL);
  EXPECT_EQ(reap(pid.value()).value(), 0);
}

}  // namespace
}  // namespace quern::process

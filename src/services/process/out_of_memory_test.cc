#include "services/process/out_of_memory.h"

#include <gtest/gtest.h>

namespace quern::process {
namespace {

TEST(OutOfMemoryKills, ReadsTheCounterOfEitherFile) {
  EXPECT_EQ(parse_out_of_memory_kills("pgfault 9\noom_kill 12\nnuma 3\n"), 12);
  EXPECT_EQ(parse_out_of_memory_kills("low 0\noom 5\noom_kill 4\noom_group_kill 0"), 4);
  EXPECT_EQ(parse_out_of_memory_kills("oom 5\n"), 0);
  EXPECT_EQ(parse_out_of_memory_kills("oom_kill x\n"), 0);
  EXPECT_EQ(parse_out_of_memory_kills(""), 0);
}

TEST(ControlGroup, IsTheOneOfVersion2) {
  EXPECT_EQ(parse_control_group("9:name=systemd:/\n0::/user.slice/a\n"), "/user.slice/a");
  EXPECT_EQ(parse_control_group("0::/\n"), "/");
  EXPECT_EQ(parse_control_group("4:memory:/x\n"), "");
}

}  // namespace
}  // namespace quern::process

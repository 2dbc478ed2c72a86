#include "services/process/control_group.h"

#include <gtest/gtest.h>

namespace quern::process {
namespace {

TEST(NumberOfLine, IsTheOneBehindTheWholeName) {
  EXPECT_EQ(number_of_line("pgfault 9\noom_kill 12\nnuma 3\n", "oom_kill "), 12);
  EXPECT_EQ(number_of_line("low 0\noom 5\noom_kill 4\noom_group_kill 0", "oom_kill "), 4);
  for (const char* none : {"oom 5\n", "oom_kill x\n", ""}) EXPECT_EQ(number_of_line(none, "oom_kill "), std::nullopt);
}

TEST(ControlGroup, IsTheOneOfVersion2) {
  EXPECT_EQ(control_group_in("9:name=systemd:/\n0::/user.slice/a\n", ""), "/user.slice/a");
  EXPECT_EQ(control_group_in("0::/\n", ""), "/");
  EXPECT_EQ(control_group_in("4:memory:/x\n", ""), std::nullopt);
}

}  // namespace
}  // namespace quern::process

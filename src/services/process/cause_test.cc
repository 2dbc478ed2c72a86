#include "services/process/cause.h"

#include <gtest/gtest.h>

namespace quern::process {
namespace {

TEST(CauseBlock, SaysEverythingInOneShape) {
  Cause cause{.what = "mapper 1 (mapper.py)",
              .where = "data/a.xz, line 17",
              .how = "killed by signal 11 (SIGSEGV)",
              .log_lines = {"Traceback (most recent call last):", "  File \"mapper.py\", line 3"},
              .action = "started another child and sent the block again, 3 times",
              .advice = "run the record alone\nor set it aside"};
  EXPECT_EQ(cause_block(cause),
            "mapper 1 (mapper.py) failed\n"
            "  input    data/a.xz, line 17\n"
            "  how      killed by signal 11 (SIGSEGV)\n"
            "  its last words\n"
            "    Traceback (most recent call last):\n"
            "      File \"mapper.py\", line 3\n"
            "  quern    started another child and sent the block again, 3 times\n"
            "  try      run the record alone\n"
            "           or set it aside");
}

TEST(CauseBlock, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(cause_block({.what = "reducer 0 (awk)", .where_label = "key", .where = "a", .how = "exit status 2"}),
            "reducer 0 (awk) failed\n"
            "  key      a\n"
            "  how      exit status 2");
}

}  // namespace
}  // namespace quern::process

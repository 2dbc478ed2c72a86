#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(ShellWord, StandsInQuotesOnlyWhereAShellWouldTakeItApart) {
  EXPECT_EQ(shell_word("keys/a-1_b.pem"), "keys/a-1_b.pem");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my job"), "'my job'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word("~"), "'~'");
}

}  // namespace
}  // namespace quern

#include "base/text.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(LinesOf, NeedNoLineEndAtTheEnd) {
  using Lines = std::vector<std::string_view>;
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("a\n\nb"), (Lines{"a", "", "b"}));
  EXPECT_EQ(lines_of("a\n\n"), (Lines{"a", ""}));
}

TEST(Text, IgnoresCaseOfAsciiOnly) {
  EXPECT_EQ(lower_case("AZaz[@\xc3\x84"), "azaz[@\xc3\x84");
  EXPECT_TRUE(equals_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equals_ignoring_case("content-type", "content-typ"));
  // These differ in the bit that distinguishes upper from lower case in letters.
  EXPECT_FALSE(equals_ignoring_case("a@[", "a`{"));
  EXPECT_TRUE(starts_with_ignoring_case("HTTPS://a", "https:"));
  EXPECT_FALSE(starts_with_ignoring_case("htt", "https:"));
}

TEST(Text, IsQuotedAndCutBetweenCharacters) {
  EXPECT_EQ(in_quotes(""), "''");
  EXPECT_EQ(in_quotes("abc", 3), "'abc'");
  EXPECT_EQ(in_quotes("abcd", 3), "'abc...'");
  EXPECT_EQ(in_quotes("ab\xc3\xa4", 3), "'ab...'");
  EXPECT_EQ(in_quotes("\x80\x80", 1), "'...'");
}

TEST(Text, CountsNouns) {
  EXPECT_EQ(counted(0, "input"), "0 inputs");
  EXPECT_EQ(counted(1, "input"), "1 input");
  EXPECT_EQ(counted(1234567, "process", "processes"), "1234567 processes");
}

TEST(Text, KnowsWhatIsPrintable) {
  EXPECT_TRUE(is_printable_ascii(" ~"));
  for (const char* text : {"\n", "\x7f", "\xc3\xa4"}) EXPECT_FALSE(is_printable_ascii(text));
  EXPECT_TRUE(is_control('\t') && is_control('\x7f') && !is_control('\x80') && !is_control(' '));
}

TEST(ShellWord, StandsInQuotesOnlyWhereAShellWouldTakeItApart) {
  EXPECT_EQ(shell_word("keys/a-1_b.pem"), "keys/a-1_b.pem");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my job"), "'my job'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word("~"), "'~'");
}

}  // namespace

}  // namespace quern

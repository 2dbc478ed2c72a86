#include "views/terminal/terminal_text.h"

#include <gtest/gtest.h>

namespace quern::view {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(12345678), "12,345,678");
  EXPECT_EQ(format_count(18446744073709551615u), "18,446,744,073,709,551,615");
}

TEST(FormatCount, AgreesWithItsNoun) {
  EXPECT_EQ(format_count(0, "input"), "0 inputs");
  EXPECT_EQ(format_count(1, "input"), "1 input");
  EXPECT_EQ(format_count(2000, "input"), "2,000 inputs");
  EXPECT_EQ(format_count(2, "process", "processes"), "2 processes");
}

TEST(FormatDuration, GetsCoarserAsItGrows) {
  EXPECT_EQ(format_duration(milliseconds(4)), "0.0 s");
  EXPECT_EQ(format_duration(milliseconds(12340)), "12.3 s");
  EXPECT_EQ(format_duration(milliseconds(99'960)), "1 min 40 s");
  EXPECT_EQ(format_duration(seconds(3599)), "59 min 59 s");
  EXPECT_EQ(format_duration(minutes(187)), "3 h 7 min");
  EXPECT_EQ(format_duration(seconds(-1)), "0.0 s");
}

TEST(FormatRate, UsesTwoOrThreeDigits) {
  EXPECT_EQ(format_rate(512, seconds(1)), "512 B/s");
  EXPECT_EQ(format_rate(1'040'000'000, milliseconds(12'300)), "85 MB/s");
  EXPECT_EQ(format_rate(2'400'000'000, seconds(2)), "1.2 GB/s");
  EXPECT_EQ(format_rate(999'700'000, seconds(1)), "1.0 GB/s");
  EXPECT_EQ(format_rate(5, seconds(0)), "");
}

TEST(Clean, MakesForeignTextSafeForATerminal) {
  struct Row {
    const char* name;
    std::string_view text;
    const char* cleaned;
  };
  for (const Row& row : {Row{"plain", "abc", "abc"}, Row{"color", "\x1b[1;31mred\x1b[0m!", "red!"},
                         Row{"title", "a\x1b]0;owned\ab", "ab"}, Row{"title ended by ST", "a\x1b]0;x\x1b\\b", "ab"},
                         Row{"unfinished escape", "a\x1b[12", "a"}, Row{"lone escape", "a\x1b", "a"},
                         Row{"tab", "a\tb", "a    b"}, Row{"carriage return at the end", "a\r", "a"},
                         Row{"carriage return within", "a\rb", "a?b"}, Row{"bell and null", {"a\a\0b", 4}, "a??b"},
                         Row{"UTF-8", "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80",
                             "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"},
                         Row{"Latin-1", "gr\xFC\xDF", "gr??"}, Row{"cut UTF-8", "\xE2\x82", "??"},
                         Row{"surrogate", "\xED\xA0\x80", "???"}, Row{"overlong", "\xC0\xAF\xE0\x80\xAF", "?????"},
                         Row{"other directions", "a\u202E\u2066\u200F\u061Cb", "a<U+202E><U+2066><U+200F><U+061C>b"},
                         Row{"C1 control",
                             "\xC2\x9B"
                             "31m",
                             "?31m"}}) {
    EXPECT_EQ(clean(row.text), row.cleaned) << row.name;
  }
}

TEST(DisplayWidth, KnowsWideAndCombiningCharacters) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("\xC3\xBC"), 1u);
  EXPECT_EQ(display_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4u);  // two Han characters
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);                 // e and a combining acute accent
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2u);          // an emoji
  // A rocket, a check mark, lightning, a cross, a green circle.
  for (const char* wide : {"\xF0\x9F\x9A\x80", "\xE2\x9C\x85", "\xE2\x9A\xA1", "\xE2\x9D\x8C", "\xF0\x9F\x9F\xA2"}) {
    EXPECT_EQ(display_width(wide), 2u) << wide;
  }
}

TEST(Fit, CutsBetweenCharacters) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdefg", 6), "abc...");
  EXPECT_EQ(fit("abcdefg", 2), "..");
  EXPECT_EQ(fit("\xE6\x97\xA5\xE6\x9C\xAC", 3, ""), "\xE6\x97\xA5");
  EXPECT_EQ(fit("ab\xC3\xBC\xC3\xBC\xC3\xBC", 4, "\xE2\x80\xA6"), "ab\xC3\xBC\xE2\x80\xA6");
}

TEST(Line, IsCutToTheWidthWhateverItsInks) {
  Line line;
  line.add("map ", Ink::kBold).add("12 inputs").add(" bad", Ink::kRed);
  EXPECT_EQ(line.width(), 17u);
  EXPECT_EQ(line.text({}, 17), "map 12 inputs bad");
  EXPECT_EQ(line.text({}, 16), "map 12 inputs...");
  EXPECT_EQ(line.text({}, 10), "map 12 ...");
  EXPECT_EQ(line.text({.color = true, .utf8 = true}, 6), "\x1b[1mmap \x1b[0m1\xE2\x80\xA6");
  EXPECT_EQ(line.text({.color = true}, 17), "\x1b[1mmap \x1b[0m12 inputs\x1b[31m bad\x1b[0m");
  EXPECT_EQ(line.text({}, 2), "..");
}

}  // namespace
}  // namespace quern::view

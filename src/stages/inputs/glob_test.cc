#include "stages/inputs/glob.h"

#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace quern::inputs::glob {
namespace {

using testing::ElementsAre;

TEST(GlobMatch, TakesWhatShellsTake) {
  struct Row {
    const char* pattern;
    const char* name;
    bool matches;
  };
  for (const Row& row : {
           Row{"a.gz", "a.gz", true},
           Row{"a.gz", "a.gzz", false},
           Row{"*", "", true},
           Row{"*.gz", "a.gz", true},
           Row{"*.gz", ".a.gz", false},
           Row{".*", ".a", true},
           Row{"\\.a", ".a", true},
           Row{"?a", ".a", false},
           Row{"[.]a", ".a", false},
           Row{"a*b*c", "aXbYbZc", true},
           Row{"a*b*c", "aXbYbZ", false},
           Row{"a**c", "abc", true},
           Row{"[a-c]x", "bx", true},
           Row{"[!a-c]x", "bx", false},
           Row{"[^a-c]x", "dx", true},
           Row{"[]]", "]", true},
           Row{"[a-]", "-", true},
           Row{"[", "[", true},
           Row{"[ab", "[ab", true},
           Row{"[[:digit:]]", "7", true},
           Row{"[[:digit:]]", "x", false},
           Row{"[![:space:]]", "x", true},
           Row{"\\*", "*", true},
           Row{"\\*", "a", false},
           Row{"[\\]]", "]", true},
           Row{"a\\", "a\\", true},
           Row{"?", "\xc3\xa9", true},
           Row{"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},  // one character of two bytes
           Row{"??", "\xc3\xa9", false},
           Row{"?", "\xff", true},
           Row{"*\xa9", "\xc3\xa9", false},
       }) {
    EXPECT_EQ(matches(row.pattern, row.name), row.matches) << row.pattern << " and " << row.name;
  }
}

TEST(GlobMatch, AgreesWithTheSystemOnRandomPatterns) {
  std::mt19937 random(5);
  auto random_text = [&](std::string_view alphabet, std::size_t most) {
    std::string text(random() % (most + 1), ' ');
    for (char& byte : text) byte = alphabet[random() % alphabet.size()];
    return text;
  };
  int matched = 0;
  for (int round = 0; round < 300'000; ++round) {
    std::string pattern = random_text("aab*?[]!-^.\\", 9);
    // A backslash at the very end escapes nothing: fnmatch refuses it, and quern takes it literally.
    if (pattern.ends_with('\\')) continue;
    // [.x.] is a collating symbol for fnmatch, which no file name needs.
    if (pattern.find("[.") != std::string::npos) continue;
    // The meaning of a backslash in a set depends on the system.
    if (pattern.find('[') != std::string::npos && pattern.find('\\') != std::string::npos) continue;
    std::string name = random_text("aab[]!-.", 6);
    bool expected = ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
    ASSERT_EQ(matches(pattern, name), expected) << pattern << " and " << name;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 3000);
}

TEST(GlobMatch, TakesTimeOfTheProductOnly) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  EXPECT_FALSE(matches(pattern + "b", std::string(20'000, 'a')));
}

TEST(Braces, AreExpandedAsShellsDo) {
  auto expand = [](const char* pattern) { return expand_braces(pattern).value(); };
  EXPECT_THAT(expand("a"), ElementsAre("a"));
  EXPECT_THAT(expand("{a,b}/*.gz"), ElementsAre("a/*.gz", "b/*.gz"));
  EXPECT_THAT(expand("x{,.{gz,xz}}"), ElementsAre("x", "x.gz", "x.xz"));
  EXPECT_THAT(expand("{a,b}{c,d}"), ElementsAre("ac", "ad", "bc", "bd"));
  EXPECT_THAT(expand("{a}"), ElementsAre("{a}"));
  EXPECT_THAT(expand("{a{b,c}}"), ElementsAre("{ab}", "{ac}"));
  EXPECT_THAT(expand("{{a,b}"), ElementsAre("{a", "{b"));
  EXPECT_THAT(expand("{a,b"), ElementsAre("{a,b"));
  EXPECT_THAT(expand("}{a,b}{"), ElementsAre("}a{", "}b{"));
  EXPECT_THAT(expand("\\{a,b}"), ElementsAre("\\{a,b}"));
  EXPECT_THAT(expand("{a\\,b,c}"), ElementsAre("a\\,b", "c"));
  EXPECT_THAT(expand(""), ElementsAre(""));
}

TEST(Braces, HaveALimit) {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "{a,b}";
  auto expanded = expand_braces(many);
  ASSERT_FALSE(expanded.ok());
  EXPECT_EQ(expanded.error().kind, ErrorKind::kBadConfig);
  EXPECT_FALSE(expand_braces(many.substr(0, 60) + std::string(60'000, 'x')).ok());
  EXPECT_FALSE(expand_braces(std::string(1 << 20, '{')).ok());
  EXPECT_EQ(expand_braces(std::string(60'000, '{')).value().size(), 1U);
}

TEST(Wildcards, AreFoundUnlessTheyAreEscaped) {
  EXPECT_EQ(first_wildcard("data/*.gz"), 5U);
  EXPECT_EQ(first_wildcard("a?"), 1U);
  EXPECT_EQ(first_wildcard("[a]"), 0U);
  EXPECT_FALSE(has_wildcard("\\*\\?\\[{a,b}"));
  EXPECT_EQ(unescape("\\*a\\\\b\\"), "*a\\b\\");
}

}  // namespace
}  // namespace quern::inputs::glob

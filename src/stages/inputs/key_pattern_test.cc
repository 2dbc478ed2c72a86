#include "stages/inputs/key_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::inputs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeyPattern, MatchesPartByPart) {
  struct Row {
    const char* pattern;
    const char* key;
    bool is_match;
  };
  for (const Row& row : {
           Row{"p/*.gz", "p/a.gz", true},
           Row{"p/*.gz", "p/q/a.gz", false},
           Row{"p/*.gz", "p/.a.gz", false},
           Row{"p/**", "p/a", true},
           Row{"p/**", "p/q/r/a", true},
           Row{"p/**", "p", false},
           Row{"p/**", "p/q/.r/a", false},
           Row{"**", "a", true},
           Row{"**/a", "a", true},
           Row{"**/a", "x/y/a", true},
           Row{"**/a", "x/y/b", false},
           Row{"**/**/a", "a", true},
           Row{"a/**/b/**/c", "a/b/c", true},
           Row{"a/**/b/**/c", "a/x/b/y/b/z/c", true},
           Row{"a/**/b/**/c", "a/x/c/y/b", false},
           Row{"**/.x/*", "q/.x/a", true},
           Row{"a/*/b", "a//b", true},
           Row{"a//*", "a//b", true},
           Row{"a//*", "a/b", false},
           Row{"a**b", "axxb", true},
           Row{"\\[1\\]", "[1]", true},
           Row{"?", "\xc3\xa9", true},
           Row{"**", "", true},
           Row{"*", "a/", false},
       }) {
    EXPECT_EQ(KeyPattern(row.pattern).matches(row.key), row.is_match) << row.pattern << " and " << row.key;
  }
}

TEST(KeyPattern, TakesNoLongerThanTheProductOfTheLengths) {
  std::string pattern;
  std::string key;
  for (int i = 0; i < 200; ++i) pattern += "**/a*a*a*b/";
  for (int i = 0; i < 2000; ++i) key += "aaaaaaaaaaaa/";
  EXPECT_FALSE(KeyPattern(pattern + "x").matches(key + "y"));
}

std::vector<std::string> prefixes(const KeyPlan& plan) {
  std::vector<std::string> result;
  for (const KeyListing& listing : plan.listings) {
    result.push_back(listing.prefix + (listing.is_one_level ? " one" : " all") + " " +
                     std::to_string(listing.patterns.size()));
  }
  return result;
}

TEST(PlanKeys, ListsOnlyBelowWhatThePatternFixes) {
  struct Row {
    const char* pattern;
    std::vector<std::string> listings;
  };
  for (const Row& row : {
           Row{"", {" all 1"}},
           Row{"p/", {"p/ all 1"}},
           Row{"p/**", {"p/ all 1"}},
           Row{"p/*", {"p/ one 1"}},
           Row{"*.gz", {" one 1"}},
           Row{"p/2026-11-*/x", {"p/2026-11- all 1"}},
           Row{"p/2026-{10,11}-*/x", {"p/2026-10- all 1", "p/2026-11- all 1"}},
           Row{"p/{a,ab,b}*", {"p/a one 2", "p/b one 1"}},
           Row{"p/{,q/}*", {"p/ all 2"}},
           Row{"p/{x?,x/y?}", {"p/x all 2"}},
           Row{"{b,a}/*/c", {"a/ all 1", "b/ all 1"}},
           Row{"p\\*q/[ab]", {"p*q/ one 1"}},
           Row{"p/{a,b}/", {"p/a/ all 1", "p/b/ all 1"}},
       }) {
    auto plan = plan_keys(row.pattern);
    ASSERT_TRUE(plan.ok()) << row.pattern;
    EXPECT_EQ(prefixes(plan.value()), row.listings) << row.pattern;
    EXPECT_THAT(plan.value().exact, IsEmpty()) << row.pattern;
  }
}

TEST(PlanKeys, AsksForKeysWithoutWildcardsOneByOne) {
  auto plan = plan_keys("p/{a,\\[1\\],c/*}.gz");
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan.value().exact, ElementsAre("p/a.gz", "p/[1].gz"));
  EXPECT_THAT(prefixes(plan.value()), ElementsAre("p/c/ one 1"));
}

TEST(FolderBytes, EndsAtTheLastFolderThatIsNamed) {
  struct Row {
    const char* pattern;
    std::size_t bytes;
  };
  for (const Row& row : {Row{"", 0}, Row{"a/b", 0}, Row{"a/b/", 4}, Row{"a/*", 2}, Row{"a/b*/c", 2}, Row{"*", 0},
                         Row{"a/{b,c}/*", 2}, Row{"a\\*b/*", 4}, Row{"a/\\{b/*", 5}, Row{"/x/*", 3}}) {
    EXPECT_EQ(folder_bytes(row.pattern), row.bytes) << row.pattern;
  }
}

}  // namespace
}  // namespace quern::inputs

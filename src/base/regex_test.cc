#include "base/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Regex, FindsNamedGroupsInTheirOrder) {
  Regex regex = Regex::make(R"((\d+) (?P<verb>[A-Z]+)(?: (?P<path>/\S*))?)").value();
  EXPECT_THAT(regex.names(), ElementsAre("verb", "path"));
  const auto* found = regex.find("at 7 GET /a b");
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(*found, ElementsAre("GET", "/a"));
  found = regex.find("7 GET");
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(*found, ElementsAre("GET", std::nullopt));
  EXPECT_EQ(regex.find("GET"), nullptr);
}

TEST(Regex, MatchesAnywhereUnlessItIsAnchored) {
  EXPECT_TRUE(Regex::make("b").value().matches("abc"));
  EXPECT_FALSE(Regex::make("^b").value().matches("abc"));
  EXPECT_TRUE(Regex::make("^.$").value().matches("\u20ac"));
  EXPECT_TRUE(Regex::make("").value().matches(""));
}

TEST(Regex, SaysWhatIsWrongWithAnExpression) {
  EXPECT_THAT(Regex::make("a(b").error().message, HasSubstr("missing )"));
  EXPECT_THAT(Regex::make("(?=a)").error().message, HasSubstr("(?="));
  EXPECT_THAT(Regex::make("(?P<a>.)(?P<a>.)").error().message, HasSubstr("two groups"));
}

}  // namespace
}  // namespace quern

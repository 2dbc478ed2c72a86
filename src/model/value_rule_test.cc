#include "model/value_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern {
namespace {

using ::testing::HasSubstr;

Worker builtin(const char* name) { return {.builtin = Builtin{.name = name, .top_count = 3}}; }
Worker module() { return {.module = Module{}}; }

bool takes(const ValueRule& rule, std::string_view value) { return rule.problem("k", value).empty(); }

TEST(ValueRule, FollowsFromTheBuiltinsThatGetTheValues) {
  struct Row {
    const char* name;
    std::optional<Worker> combiner;
    std::optional<Worker> reducer;
    bool takes_text;
    bool takes_nan;
  };
  const Row rows[] = {{"no reducer", {}, {}, true, true},
                      {"a module", {}, module(), true, true},
                      {"max", {}, builtin("max"), true, true},
                      {"sum", {}, builtin("sum"), false, true},
                      {"mean", {}, builtin("mean"), false, true},
                      {"top", {}, builtin("top"), false, false},
                      {"a module in between", module(), builtin("sum"), true, true},
                      {"unique in between", builtin("unique"), builtin("sum"), false, true},
                      {"only the combiner", builtin("top"), builtin("list"), false, false}};
  for (const Row& row : rows) {
    Step step;
    step.combiner = row.combiner;
    step.reducer = row.reducer;
    const ValueRule rule(step, " ");
    EXPECT_EQ(takes(rule, "x"), row.takes_text) << row.name;
    EXPECT_EQ(takes(rule, ""), row.takes_text) << row.name;
    EXPECT_EQ(takes(rule, "nan"), row.takes_nan) << row.name;
    for (const char* number : {"1", "-17", "1.5", "1e400", " 2 ", "123456789012345678901234567890", "inf"}) {
      EXPECT_TRUE(takes(rule, number)) << row.name << ": " << number;
    }
  }
}

TEST(ValueRule, NamesTheFirstPairThatItDoesNotTake) {
  Step step;
  step.reducer = builtin("sum");
  const ValueRule rule(step, " ");
  EXPECT_THAT(rule.first_problem("a 1\nb x\nc 2.5\nd\n"), HasSubstr("got the value 'x' of the key 'b'"));
  EXPECT_THAT(rule.first_problem("a 1\nd\n"), HasSubstr("got the value '' of the key 'd'"));
  EXPECT_EQ(rule.first_problem("a 1\nc 2.5\ne -3\n"), "");
}

}  // namespace
}  // namespace quern

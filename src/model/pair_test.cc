#include "model/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace quern {
namespace {

Buffer buffer_of(std::string_view text) {
  Buffer buffer;
  buffer.append(text);
  return buffer;
}

std::string pairs_of(std::string_view lines, std::string_view separator) {
  Buffer buffer = buffer_of(lines);
  cut_into_pairs(buffer, separator);
  return std::string(buffer.view());
}

TEST(PlainKey, IsOneWhoseLineIsCutWhereItWasJoined) {
  struct Row {
    std::string_view key;
    std::string_view separator;
    bool is_plain;
  };
  const std::vector<Row> rows = {
      {"", " ", true},      {"a", " ", true},      {"New York", " ", false}, {"a:", "::", false}, {"a:b", "::", true},
      {"a:", ":;", true},   {"x |", " | ", false}, {"x ", " | ", true},      {" ", "  ", false},  {"|", "||", false},
      {"abab", "b", false}, {"a", "aab", true},    {"ab", "aba", false},     {"é", " ", true},
  };
  for (const Row& row : rows) EXPECT_EQ(is_plain_key(row.key, row.separator), row.is_plain) << row.key;
}

TEST(TakePair, TakesTwoLinesInsideQuernAndOneOfText) {
  std::string_view inside = "New York\n1 2\n\n\nb\n";
  PairView pair = take_pair(inside, kBetweenInside);
  EXPECT_EQ(pair.key, "New York");
  EXPECT_EQ(pair.value, "1 2");
  EXPECT_EQ(take_pair(inside, kBetweenInside).key, "");
  pair = take_pair(inside, kBetweenInside);
  EXPECT_EQ(pair.key, "b");
  EXPECT_EQ(pair.value, "");
  EXPECT_TRUE(inside.empty());
  std::string_view text = "a::b::c\nk";
  pair = take_pair(text, "::");
  EXPECT_EQ(pair.key, "a");
  EXPECT_EQ(pair.value, "b::c");
  EXPECT_EQ(take_pair(text, "::").key, "k");
  EXPECT_TRUE(text.empty());
}

TEST(CutIntoPairs, CutsEachLineAtItsFirstSeparator) {
  struct Row {
    std::string_view lines;
    std::string_view separator;
    std::string_view pairs;
  };
  const std::vector<Row> rows = {
      {"", " ", ""},
      {"a 1\nb 2 3\n", " ", "a\n1\nb\n2 3\n"},
      {"a 1\nb\nc 3\n", " ", "a\n1\nb\n\nc\n3\n"},
      {"\n 1\na \n", " ", "\n\n\n1\na\n\n"},
      {"a 1\nb 2", " ", "a\n1\nb\n2\n"},
      {"a:::1\nb:\n", "::", "a\n:1\nb:\n\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(pairs_of(row.lines, row.separator), row.pairs) << row.lines;
}

TEST(PairText, IsTheLinesOfThePairsWhereverTheyAreCut) {
  std::mt19937 draw(1);
  for (const std::string separator : {" ", "::", "\t"}) {
    std::string pairs;
    std::string lines;
    for (int i = 0; i < 50; ++i) {
      const std::string key(draw() % 4, 'k');
      const std::string value(draw() % 4, 'v');
      pairs += key + "\n" + value + "\n";
      lines += key + separator + value + "\n";
    }
    PairText text(separator);
    Buffer made;
    for (std::size_t at = 0; at < pairs.size();) {
      const std::size_t count = 1 + draw() % 9;
      text.append(std::string_view(pairs).substr(at, count), made);
      at += count;
    }
    EXPECT_EQ(made.view(), lines);
    EXPECT_EQ(pairs_of(lines, separator), pairs);
  }
}

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
  EXPECT_THAT(rule.first_problem("a 1\nd\n"), HasSubstr("the line 'd' has no separator (a space)"));
  EXPECT_EQ(rule.first_problem("a 1\nc 2.5\ne -3\n"), "");
}

}  // namespace

}  // namespace quern

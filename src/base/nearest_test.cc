#include "base/nearest.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(EditDistance, CountsSlips) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("memory", "memmory"), 1U);
  EXPECT_EQ(edit_distance("script", "scirpt"), 1U) << "swapped neighbours are one slip";
  EXPECT_EQ(edit_distance("Keyed-JSON", "keyed_json"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, FindsWhatWasMeantAndGuessesNoFurther) {
  const std::vector<std::string> words = {"memory", "processes",  "attempts", "bad_records",
                                          "json",   "keyed-json", "run"};
  struct Row {
    const char* word;
    const char* meant;  // "" if there is none
  };
  for (const Row& row : {Row{"memmory", "memory"},
                         {"MEMORY", "memory"},
                         {"bad-records", "bad_records"},
                         {"badrecords", "bad_records"},
                         {"proc", "processes"},
                         {"jsn", "json"},
                         {"rnu", "run"},
                         {"r", ""},
                         {"x", ""},
                         {"ab", ""},
                         {"timeout", ""},
                         {"", ""}}) {
    EXPECT_EQ(nearest(row.word, words).value_or(""), row.meant) << row.word;
  }
  EXPECT_FALSE(nearest(std::string(100'000, 'm'), words).has_value()) << "a hostile word costs nothing";
}

TEST(Nearest, DoesNotGuessBetweenTwoThatBeginAlike) {
  const std::vector<std::string> words = {"downloads.parallel", "downloads.attempts"};
  EXPECT_FALSE(nearest("downloads", words).has_value());
}

TEST(OneOf, ReadsAsASentence) {
  const std::vector<std::string> words = {"a", "b", "c"};
  EXPECT_EQ(one_of(words), "a, b or c");
  EXPECT_EQ(one_of(std::span(words).first(2)), "a or b");
  EXPECT_EQ(one_of(std::span(words).first(1)), "a");
  EXPECT_EQ(one_of({}), "");
}

}  // namespace
}  // namespace quern

#include "app/run/suggested_fields.h"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

std::string text_of(process::FieldsRead fields, bool has_fields = false) {
  SuggestedFields suggested;
  suggested.add(fields);
  return suggested.text(has_fields);
}

std::string line_of(process::FieldsRead fields) {
  const std::string text = text_of(std::move(fields));
  return text.substr(text.find('\n') + 1);
}

TEST(SuggestedFields, NamesEachPartOnce) {
  EXPECT_EQ(line_of({.read = {"info", "info.OS", "information", "x.y", "x.y.z", "\"a.b\""}, .reached = {"x"}}),
            "fields: [\"\\\"a.b\\\"\", info, information, x.y]\n");
}

TEST(SuggestedFields, NeedsAMapOfWhichNothingWasRead) {
  EXPECT_EQ(line_of({.read = {"info.OS"}, .reached = {"info", "other", "other.deep", "inf"}}),
            "fields: [inf, info.OS, other.deep]\n");
}

TEST(SuggestedFields, JoinsWhatSeveralChildrenTell) {
  SuggestedFields suggested;
  suggested.add({.read = {}, .reached = {"a"}});
  suggested.add({.read = {"b"}, .reached = {}});
  suggested.add({.read = {"a.c"}, .reached = {"a"}});
  EXPECT_TRUE(suggested.text(false).ends_with("\nfields: [a.c, b]\n"));
}

TEST(SuggestedFields, HasNothingToSuggest) {
  EXPECT_TRUE(text_of({.read = {"", "a"}, .reached = {}}).starts_with("the mapper reads whole records"));
  EXPECT_TRUE(
      text_of({.read = {""}, .reached = {}}, true).starts_with("the mapper reads all that fields lets through"));
  EXPECT_TRUE(text_of({}).starts_with("the mapper read nothing"));
}

}  // namespace
}  // namespace quern::app

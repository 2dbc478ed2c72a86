#include "services/json/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::json {
namespace {

PathStep name(const char* text) { return {.kind = PathStep::Kind::kName, .name = text}; }
PathStep index(std::uint64_t number) { return {.kind = PathStep::Kind::kIndex, .index = number}; }
PathStep every() { return {.kind = PathStep::Kind::kEvery}; }

TEST(ParsePath, KnowsNamesIndexesAndQuotes) {
  struct Row {
    const char* text;
    Path path;
  };
  const Row rows[] = {
      {"info", {name("info")}},
      {"info.OS", {name("info"), name("OS")}},
      {"a b.c-d/e", {name("a b"), name("c-d/e")}},
      {"\"a.b\".c", {name("a.b"), name("c")}},
      {"'a.b'.c", {name("a.b"), name("c")}},
      {R"('it\'s'."\\")", {name("it's"), name("\\")}},
      {"'[x]'", {name("[x]")}},
      {"''", {name("")}},
      {"a[0].b", {name("a"), index(0), name("b")}},
      {"a[*][12].b", {name("a"), every(), index(12), name("b")}},
      {"[3].a", {index(3), name("a")}},
      {"0.1", {name("0"), name("1")}},
      {"  info.OS ", {name("info"), name("OS")}},
      {"' a'.\" b \" ", {name(" a"), name(" b ")}},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_path(row.text).value(), row.path) << row.text;
}

TEST(PathText, IsReadBack) {
  const Path paths[] = {{name("info"), name("OS")},
                        {name("a b"), every(), index(12), name("c-d/e")},
                        {every(), name("k")},
                        {name("a.b"), name("it's"), name("say \"x\""), name("back\\slash."), name("[0]")},
                        {name(""), name("")},
                        {name(" price"), name("a "), name(" ")},
                        {name("ключ"), name("line\nend")}};
  for (const Path& path : paths) EXPECT_EQ(parse_path(path_text(path)).value(), path) << path_text(path);
  EXPECT_EQ(path_text({name("info"), name("OS")}), "info.OS");
  EXPECT_EQ(path_text({every(), name("a.b")}), "[*].\"a.b\"");
}

TEST(ParsePath, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string text;
    const char* says;
  };
  const Row rows[] = {
      {"", "it is empty"},
      {"  ", "it is empty"},
      {".a", "a name is missing (character 1)"},
      {"a..b", "a name is missing (character 3)"},
      {"a.", "a name is missing (character 3)"},
      {"a]", "a dot or a bracket must come before ']' (character 2)"},
      {"a\"b\"", "a dot or a bracket must come before '\"' (character 2)"},
      {"a.'b", "this quote is never closed (character 3)"},
      {"a[1", "this bracket is never closed (character 2)"},
      {"a[]", "brackets contain the index of an element, from 0, or * for every element (character 2)"},
      {"a[-1]", "brackets contain the index"},
      {"a[1]b", "a dot or a bracket must come before 'b' (character 5)"},
      {"a[99999999999999999999]", "brackets contain the index"},
      {std::string(300, 'a') + std::string(200, '.'), "a name is missing"},
      {[] {
         std::string deep = "a";
         for (int i = 0; i < 200; ++i) deep += ".a";
         return deep;
       }(),
       "it has more than 100 steps"},
  };
  for (const Row& row : rows) {
    auto parsed = parse_path(row.text);
    ASSERT_FALSE(parsed.ok()) << row.text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(parsed.error().message, testing::HasSubstr(row.says)) << row.text;
  }
}

}  // namespace
}  // namespace quern::json

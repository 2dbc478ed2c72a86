#include "services/json/value_text.h"

#include <gtest/gtest.h>

namespace quern::json {
namespace {

std::string text_of(std::string_view raw) {
  std::string text;
  append_text(raw, text);
  return text;
}

TEST(AppendText, WritesValuesAsPeopleReadThem) {
  struct Row {
    const char* raw;
    const char* text;
  };
  const Row rows[] = {
      {R"("WINNT")", "WINNT"},
      {R"("")", ""},
      {R"("a\"b\\c\/d")", "a\"b\\c/d"},
      {R"("\b\f\n\r\t")", "\b\f\n\r\t"},
      {R"("\u00e9\u20AC\u0041")",
       "\xc3\xa9\xe2\x82\xac"
       "A"},
      {R"("\ud83d\ude00!")", "\xf0\x9f\x98\x80!"},
      {R"("\ud83d")", "\xef\xbf\xbd"},
      {R"("\ude00\ud83dx")", "\xef\xbf\xbd\xef\xbf\xbdx"},
      {R"("\ud83d\ud83d\ude00")", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
      {R"("\ud83d\u0041")",
       "\xef\xbf\xbd"
       "A"},
      {"1.50", "1.50"},
      {"-0", "-0"},
      {"true", "true"},
      {"null", "null"},
      {"{ \"a b\" : [ 1 , \"x \\\" y\" ] }", "{\"a b\":[1,\"x \\\" y\"]}"},
      {"[ ]", "[]"},
  };
  for (const Row& row : rows) EXPECT_EQ(text_of(row.raw), row.text) << row.raw;
}

}  // namespace
}  // namespace quern::json

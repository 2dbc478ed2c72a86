#include "services/json/marshal_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace quern::json {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// The list of one value, or "uncertain".
std::string written(MarshalWriter& writer, std::string text) {
  text.push_back('\n');
  Buffer list;
  writer.begin(list);
  const bool is_certain = writer.add_json(std::string_view(text).substr(0, text.size() - 1));
  writer.end();
  const std::string_view head = is_certain ? "[\1\0\0\0"sv : "[\0\0\0\0"sv;
  EXPECT_TRUE(list.view().starts_with(head)) << text;
  return is_certain ? std::string(list.view().substr(head.size())) : "uncertain";
}

std::string written(std::string text) {
  MarshalWriter writer;
  return written(writer, std::move(text));
}

TEST(MarshalWriter, WritesEveryKindOfValue) {
  EXPECT_EQ(written("null"), "N");
  EXPECT_EQ(written(" true "), "T");
  EXPECT_EQ(written("false"), "F");
  EXPECT_EQ(written("0"), "i\0\0\0\0"sv);
  EXPECT_EQ(written("-1"), "i\xff\xff\xff\xff");
  EXPECT_EQ(written("2147483647"), "i\xff\xff\xff\x7f");
  EXPECT_EQ(written("2147483648"), "l\3\0\0\0\0\0\0\0\2\0"sv);
  EXPECT_EQ(written("-2147483648"), "l\xfd\xff\xff\xff\0\0\0\0\2\0"sv);
  EXPECT_EQ(written("1.5"), "g\0\0\0\0\0\0\xf8\x3f"sv);
  EXPECT_EQ(written("-0.0"), "g\0\0\0\0\0\0\0\x80"sv);
  EXPECT_EQ(written("\"\""), "z\0"sv);
  EXPECT_EQ(written("\"ab\""), "z\2ab"sv);
  EXPECT_EQ(written("\"\\n\\u0041\""), "z\2\nA"sv);
  EXPECT_EQ(written("\"\u00e9\""), "u\2\0\0\0\xc3\xa9"sv);
  EXPECT_EQ(written("\"\\ud83d\\ude00\""), "u\4\0\0\0\xf0\x9f\x98\x80"sv);
  EXPECT_EQ(written("\"\\ud800\""), "u\3\0\0\0\xed\xa0\x80"sv);
  EXPECT_EQ(written('"' + std::string(256, 'x') + '"'), "a\0\1\0\0"s + std::string(256, 'x'));
  EXPECT_EQ(written("[]"), "[\0\0\0\0"sv);
  EXPECT_EQ(written("[1, [null]]"), "[\2\0\0\0i\1\0\0\0[\1\0\0\0N"sv);
  EXPECT_EQ(written("{}"), "{0");
  EXPECT_EQ(written("{\"a\": {}, \"b\": true}"), "{\xfa\1a{0\xfa\1bT0"sv);
}

TEST(MarshalWriter, WritesRunsOfShortIntegers) {
  auto numbers = [](const std::string& values) {
    std::string all;
    for (char value : values) all += std::string("i") + value + "\0\0\0"s;
    return all;
  };
  EXPECT_EQ(written("[0,1,2,3,4,5,6,7,8,9]"), "[\12\0\0\0"s + numbers("\0\1\2\3\4\5\6\7\10\11"s));
  EXPECT_EQ(written("[9,8,7,6,10,5,4,3,2,1 ,0]"), "[\13\0\0\0"s + numbers("\11\10\7\6\12\5\4\3\2\1\0"s));
  EXPECT_EQ(written("[1,[2,3,4,5,6],7]"),
            "[\3\0\0\0"s + numbers("\1") + "[\5\0\0\0"s + numbers("\2\3\4\5\6") + numbers("\7"));
  for (const char* wrong : {"[1,2,:,4,5,6,7,8,9]", "[1,2,3,/,5,6,7,8,9]", "[1,2,3,4:5,6,7,8,9]", "[1,2,a,4,5,6,7,8]",
                            "[1,2,3,4,]", "[1,2,3,4,5,6,7,8,", "[1,2,-,4,5,6,7,8,9]", "[1,,2,3,4,5,6,7,8,9]"}) {
    EXPECT_EQ(written(wrong), "uncertain") << wrong;
  }
}

TEST(MarshalWriter, RefersToNamesThatItHasWritten) {
  EXPECT_EQ(written("{\"a\": {\"b\": {\"a\": 0}}}"), "{\xfa\1a{\xfa\1b{r\0\0\0\0i\0\0\0\000000"sv);
  // Names of the same size that begin and end alike.
  const std::string one = "12345678x12345678";
  const std::string other = "12345678y12345678";
  EXPECT_EQ(written("{\"" + one + "\": {\"" + other + "\": null}}"), "{\xfa\x11" + one + "{\xfa\x11" + other + "N00");
}

TEST(MarshalWriter, ForgetsTheNamesOfWhatItTakesBackAndOfOtherLists) {
  const std::string bad = "{\"a\": {\"b\": 01}} ";
  const std::string good = "{\"a\": {\"b\": 1}} ";
  MarshalWriter writer;
  for (int i = 0; i < 2; ++i) {
    Buffer list;
    writer.begin(list);
    EXPECT_FALSE(writer.add_json(bad));
    EXPECT_TRUE(writer.add_json(good));
    EXPECT_TRUE(writer.add_json(good));
    writer.add_string("k\u00e9");
    writer.add_bytes("{");
    writer.add_none();
    writer.end();
    EXPECT_EQ(list.view(),
              "[\5\0\0\0{\xfa\1a{\xfa\1bi\1\0\0\00000"
              "{r\0\0\0\0{r\1\0\0\0i\1\0\0\00000"
              "u\3\0\0\0k\xc3\xa9s\1\0\0\0{N"sv);
  }
}

TEST(MarshalWriter, WritesMoreNamesThanItRemembers) {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"name" + std::to_string(i) + "\": 0, ";
  text += "\"name0\": 1, \"name4999\": 2}";
  const std::string list = written(text);
  EXPECT_TRUE(list.starts_with("{\xfa\5name0i"));
  EXPECT_TRUE(list.ends_with("r\0\0\0\0i\1\0\0\0z\10name4999i\2\0\0\0000"sv));
}

TEST(MarshalWriter, LeavesToPythonWhatItIsNotCertainOf) {
  for (const char* text : {"",          " ",          "nul",
                           "truefalse", "NaN",        "Infinity",
                           "-",         "01",         "1.",
                           ".5",        "1e",         "+1",
                           "1 2",       "[1",         "[1,]",
                           "[,1]",      "[1 2]",      "[1}",
                           "{]",        "{\"a\"}",    "{1:2}",
                           "{\"a\" 1}", "{\"a\":1,}", "{,}",
                           "\"a",       "\"\\x\"",    "\"\\u12g4\"",
                           "\"a\"b",    "1e400",      "-1e400",
                           "1e-400",    "\"\xff\"",   "\"\t\"",
                           "]",         "}",          ",",
                           ":",         "{\"a\":1}}", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(written(text), "uncertain") << text;
  }
  EXPECT_EQ(written(std::string(401, '1')), "uncertain");
  EXPECT_NE(written(std::string(400, '1')), "uncertain");
  EXPECT_NE(written(std::string(200, '[') + std::string(200, ']')), "uncertain");
  EXPECT_EQ(written(std::string(202, '[') + std::string(202, ']')), "uncertain");
}

// What is written is never longer than the room for it, which the address sanitizer watches.
TEST(MarshalWriter, MakesRoomForTheLongestForms) {
  // Arrays that are never closed: five bytes for each.
  for (std::size_t levels : {1U, 13U, 100U, 200U, 201U, 1000U}) {
    std::string open;
    for (const char* one : {"[", "[0,", "{\"\":[", "[[],"}) {
      open.clear();
      for (std::size_t i = 0; i < levels; ++i) open += one;
      EXPECT_EQ(written(open), "uncertain");
      EXPECT_EQ(written(open + "x"), "uncertain");
    }
  }
  for (const char* one :
       {"0", "[0]", "[]", "{}", "1e1", "\"\"", "{\"\":0}", "-1", "\"\u00e9\"", "99999999999", "[[0]]"}) {
    std::string text = one;
    EXPECT_NE(written(text), "uncertain");
    for (int i = 0; i < 1000; ++i) text.append(",").append(one);
    EXPECT_NE(written("[" + text + "]"), "uncertain");
  }
}

}  // namespace
}  // namespace quern::json

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/formats/read_for_test.h"

namespace quern::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr RecordFormat::Kind kDocument = RecordFormat::Kind::kJsonDocument;

ReadForTest read_document(std::string_view text, std::size_t max_record_bytes = 10000) {
  return read_for_test({.kind = kDocument}, text, max_record_bytes);
}

TEST(JsonDocument, ReadsElementsOrTheWhole) {
  struct Row {
    const char* name;
    std::string_view text;
    std::string_view lines;
  };
  const Row rows[] = {
      {"object", "{\"a\": [1, 2]}", "{\"a\": [1, 2]}\n"},
      {"object over several lines", " {\n \"a\":\r\n1}\n\n", "{  \"a\":  1}\n"},
      {"string", "\"a\\\"]\" \n", "\"a\\\"]\"\n"},
      {"number", " -1.5e3", "-1.5e3\n"},
      {"word", "null\n", "null\n"},
      {"empty array", " [ \n ] ", ""},
      {"one element", "[1]", "1\n"},
      {"elements", "[1, \"a,]\\\"}\" ,\n{\"b\": [{}, []], \"c\": \"\\\\\"},[2,3],null]\n",
       "1\n\"a,]\\\"}\"\n{\"b\": [{}, []], \"c\": \"\\\\\"}\n[2,3]\nnull\n"},
      {"several documents", "{\n \"a\": 1\n}\n{}[1, 2][]\n[ ] \"x\"\n1 null",
       "{  \"a\": 1 }\n{}\n1\n2\n\"x\"\n1\nnull\n"},
      {"lines", "[\n  {\n    \"a\": 1\n  },\n  2\n]\n", "{     \"a\": 1   }\n2\n"},
      {"not JSON, as the reader of the record sees", "[1 2, {\"a\":1], {\"b\":}, }, \x02\x0c, 3]",
       "1 2\n{\"a\":1]\n{\"b\":}\n}\n\x02\x0c\n3\n"},
  };
  for (const Row& row : rows) {
    const ReadForTest read = read_document(row.text);
    EXPECT_EQ(read.lines, row.lines) << row.name;
    EXPECT_THAT(read.bad, IsEmpty()) << row.name;
    EXPECT_EQ(read.error, "") << row.name;
  }
}

TEST(JsonDocument, SaysWhyAnInputIsNoDocument) {
  struct Row {
    std::string_view text;
    std::string_view error;
  };
  const Row rows[] = {
      {" \n", "it is not a JSON document, because it is empty"},
      {" x", "it is not a JSON document: byte 2 is 'x'"},
      {"\xff", "it is not a JSON document: byte 1 is 0xff"},
      {" [1, [2]", "it ends too early, after byte 8: the JSON document that begins at byte 2 is not complete"},
      {"[1, \"]", "it ends too early, after byte 6: the JSON document that begins at byte 1 is not complete"},
      {"{\"a\": {}", "it ends too early, after byte 8: the JSON document that begins at byte 1 is not complete"},
      {"\"a\\\"", "it ends too early, after byte 4: the JSON document that begins at byte 1 is not complete"},
      {"{\"a\":1}, {}", "byte 8 is ',', after the end of a document"},
      {"[1]]", "byte 4 is ']', after the end of a document"},
      {"{}\n [1, 2", "it ends too early, after byte 9: the JSON document that begins at byte 5 is not complete"},
  };
  for (const Row& row : rows) EXPECT_EQ(read_document(row.text).error, row.error) << row.text;
}

TEST(JsonDocument, NumbersTheRecordsThatAreBad) {
  const ReadForTest read = read_document("[1,,\"a\nb\",\n2,]");
  EXPECT_EQ(read.lines, "1\n\n\n2\n\n");
  EXPECT_THAT(read.bad, ElementsAre("2: the array has no element here []",
                                    "3: the record is not JSON: a line break within a string [\"a b\"]",
                                    "5: the array has no element here []"));
}

TEST(JsonDocument, GoesOnAfterARecordThatIsTooLong) {
  for (std::size_t length = 20; length < 60; ++length) {
    const std::string text =
        "[1,{\"a\": [\"" + std::string(length, '\\') + (length % 2 == 0 ? "" : "\\") + "],\", {}]}, 2]";
    const ReadForTest read = read_document(text, 16);
    EXPECT_EQ(read.lines, "1\n\n2\n") << length;
    ASSERT_EQ(read.bad.size(), 1U);
    EXPECT_EQ(read.bad[0].substr(0, 11), "2: too long");
  }
  for (const std::string& document :
       {std::string(40, '1'), "\"" + std::string(40, 'x') + "\"", "{" + std::string(40, ' ') + "}"}) {
    const ReadForTest read = read_document(document + "\n", 16);
    EXPECT_EQ(read.lines, "\n") << document;
    EXPECT_EQ(read.bad.size(), 1U) << document;
    EXPECT_EQ(read.error, "") << document;
    const ReadForTest more = read_document(document + "\n[" + document + "] 2", 16);
    EXPECT_EQ(more.lines, "\n\n2\n") << document;
    EXPECT_EQ(more.bad.size(), 2U) << document;
  }
}

}  // namespace
}  // namespace quern::formats

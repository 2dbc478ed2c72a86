#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/formats/read_for_test.h"

namespace quern::formats {
namespace {

using Header = RecordFormat::Header;
using testing::ElementsAre;
using testing::IsEmpty;

ReadForTest read_csv(std::string_view text) { return read_for_test({.kind = RecordFormat::Kind::kCsv}, text); }

TEST(Csv, LeavesOutWhatNothingReads) {
  const auto reader = make_record_reader({.kind = RecordFormat::Kind::kCsv}, {"b", "d\"", "else"});
  const ReadForTest read = read_in_chunks(
      *reader, "a,b,c,\"d\"\"\"\n1,2,3,4\n1,2,3,4\n\"x\n\",\"2\n\",\"x\"\"\",4\n\xff,2,3,4\n1,\\,3\t,4\n", 1000, 1000);
  EXPECT_EQ(read.lines, R"(
{"a":"1","b":"2","c":"3","d\"":"4"}
{"b":"2","d\"":"4"}
{"b":"2\n","d\"":"4"}


)"
                        "\n"
                        R"({"b":"\\","d\"":"4"})"
                        "\n");
  EXPECT_THAT(read.bad, ElementsAre("7: the record is not UTF-8: column 1: byte 0xff [\xff,2,3,4]"));
}

TEST(Csv, ReadsEachFormOfARecord) {
  struct Row {
    const char* name;
    std::string_view text;
    std::string_view lines;
  };
  const Row rows[] = {
      {"empty", "", ""},
      {"header", "a,b\n", "\n"},
      {"record", "a,b\n1,2\n", "\n{\"a\":\"1\",\"b\":\"2\"}\n"},
      {"no line end", "a,b\n1,2", "\n{\"a\":\"1\",\"b\":\"2\"}\n"},
      {"empty fields", "a,b\n,\n\"\",\n", "\n{\"a\":\"\",\"b\":\"\"}\n{\"a\":\"\",\"b\":\"\"}\n"},
      {"last field is empty at the end", "a,b\n1,", "\n{\"a\":\"1\",\"b\":\"\"}\n"},
      {"crlf", "a,b\r\n1,2\r\n", "\n{\"a\":\"1\",\"b\":\"2\"}\n"},
      {"cr", "a,b\r1,2\r3,4", "\n{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n"},
      {"empty lines", "\na\n\n1\r\n\r\n2", "\n\n\n{\"a\":\"1\"}\n\n{\"a\":\"2\"}\n"},
      {"quotes", "\"a\",b\n\"1,\"\"2\"\"\",3\n", "\n{\"a\":\"1,\\\"2\\\"\",\"b\":\"3\"}\n"},
      {"line feed in quotes", "a,b\n\"1\n2\",3\n4,5\n",
       "\n{\"a\":\"1\\n2\",\"b\":\"3\"}\n\n{\"a\":\"4\",\"b\":\"5\"}\n"},
      {"all line ends in quotes", "a\n\"\r\n|\r|\n\"\n1\n", "\n{\"a\":\"\\r\\n|\\r|\\n\"}\n\n\n\n{\"a\":\"1\"}\n"},
      {"line end in the header", "\"a\nb\"\n1\n", "\n\n{\"a\\nb\":\"1\"}\n"},
      {"quote within a field", "a\n1\"2\"\n", "\n{\"a\":\"1\\\"2\\\"\"}\n"},
      {"text after the quote", "a,b\n\"1\"2\"\",3\n", "\n{\"a\":\"12\\\"\\\"\",\"b\":\"3\"}\n"},
      {"a quoted empty line", "a\n\"\"\n", "\n{\"a\":\"\"}\n"},
      {"escapes", "a\n\\ \t \x01 \x1f \x7f\n", "\n{\"a\":\"\\\\ \\t \\u0001 \\u001f \x7f\"}\n"},
      {"characters", "\u00e4,b\n\u20ac,\x7f\n", "\n{\"\u00e4\":\"\u20ac\",\"b\":\"\x7f\"}\n"},
      {"spaces", " a , b \n 1 , \"2\" \n", "\n{\" a \":\" 1 \",\" b \":\" \\\"2\\\" \"}\n"},
      {"long fields", "a,b\n0123456789012345678901234567890123456789,\"012345678901234567\"\"8\"\n",
       "\n{\"a\":\"0123456789012345678901234567890123456789\",\"b\":\"012345678901234567\\\"8\"}\n"},
  };
  for (const Row& row : rows) {
    const ReadForTest read = read_csv(row.text);
    EXPECT_EQ(read.lines, row.lines) << row.name;
    EXPECT_THAT(read.bad, IsEmpty()) << row.name;
    EXPECT_EQ(read.error, "") << row.name;
  }
}

TEST(Csv, MakesNamesDistinct) {
  EXPECT_EQ(read_csv("a,a_1,a,a,a_3,a\n1,2,3,4,5,6\n").lines,
            "\n{\"a\":\"1\",\"a_1\":\"2\",\"a_2\":\"3\",\"a_3\":\"4\",\"a_3_1\":\"5\",\"a_4\":\"6\"}\n");
  EXPECT_EQ(read_csv("a,a,,a_1,a,\n1,2,3,4,5,6\n").lines,
            "\n{\"a\":\"1\",\"a_1\":\"2\",\"column3\":\"3\",\"a_1_1\":\"4\",\"a_2\":\"5\",\"column6\":\"6\"}\n");
  EXPECT_EQ(read_csv("a\"b,\"\\\"\n1,2\n").lines, "\n{\"a\\\"b\":\"1\",\"\\\\\":\"2\"}\n");
}

TEST(Csv, TakesNamesFromTheJobOrNumbers) {
  RecordFormat format{.kind = RecordFormat::Kind::kCsv, .header = Header::kNone};
  EXPECT_EQ(read_for_test(format, "x,y\n1,2\n").lines,
            "{\"column1\":\"x\",\"column2\":\"y\"}\n{\"column1\":\"1\",\"column2\":\"2\"}\n");
  format.header = Header::kGiven;
  format.columns = {"n", "\"\u20ac\""};
  EXPECT_EQ(read_for_test(format, "x,y\n").lines, "{\"n\":\"x\",\"\\\"\u20ac\\\"\":\"y\"}\n");
}

TEST(Csv, HasDialects) {
  const RecordFormat tsv{.kind = RecordFormat::Kind::kTsv, .delimiter = '\t'};
  EXPECT_EQ(read_for_test(tsv, "a\tb\n1,\t\"2\t\"\n").lines, "\n{\"a\":\"1,\",\"b\":\"2\\t\"}\n");
  const RecordFormat single{.kind = RecordFormat::Kind::kCsv, .delimiter = ';', .quote = '\''};
  EXPECT_EQ(read_for_test(single, "a;b\n'1;''\"';\"2\"\n").lines, "\n{\"a\":\"1;'\\\"\",\"b\":\"\\\"2\\\"\"}\n");
  const RecordFormat bare{.kind = RecordFormat::Kind::kCsv, .quote = '\0'};
  EXPECT_EQ(read_for_test(bare, "a,b\n\"1,2\"\n").lines, "\n{\"a\":\"\\\"1\",\"b\":\"2\\\"\"}\n");
}

TEST(Csv, RefusesARecordWithAnotherNumberOfColumns) {
  const ReadForTest read = read_csv("a,b\n1\n1,2\n\"1\n1\",2,3\n4,5\n");
  EXPECT_EQ(read.lines, "\n\n{\"a\":\"1\",\"b\":\"2\"}\n\n\n{\"a\":\"4\",\"b\":\"5\"}\n");
  EXPECT_THAT(read.bad, ElementsAre("2: the record has 1 column instead of 2 [1]",
                                    "4: the record has 3 columns instead of 2 [\"1 1\",2,3]"));
}

TEST(Csv, NamesTheDelimiterThatTheFirstLineMayHave) {
  EXPECT_THAT(read_csv("a;b\n1,5;2\n").bad,
              ElementsAre("2: the record has 2 columns instead of 1; the first line contains ';': if it separates the "
                          "columns, set `delimiter` [1,5;2]"));
}

TEST(Csv, RefusesAQuoteThatIsNotClosed) {
  const ReadForTest read = read_csv("a,b\n1,2\n\"\n\",\"3\n4\n");
  EXPECT_EQ(read.lines.substr(0, 19), "\n{\"a\":\"1\",\"b\":\"2\"}\n");
  EXPECT_EQ(read.lines.find_first_not_of('\n', 19), std::string::npos);
  EXPECT_THAT(read.bad,
              ElementsAre("4: the quote that this line opens is not closed before the input ends [\" \",\"3 4]"));
}

TEST(Csv, GoesOnAfterARecordThatIsTooLong) {
  const RecordFormat format{.kind = RecordFormat::Kind::kCsv};
  for (const std::string& line_end : {std::string("\n"), std::string("\r\n"), std::string("\r")}) {
    for (std::size_t length = 16; length < 60; ++length) {
      const std::string text = "a,b" + line_end + "\"1\n\r\n\"\"\r" + std::string(length, 'x') + "\",\"2\n" + "\"" +
                               line_end + "3,4" + line_end;
      const ReadForTest read = read_for_test(format, text, 16);
      EXPECT_EQ(read.lines, "\n\n\n\n\n\n{\"a\":\"3\",\"b\":\"4\"}\n") << length;
      ASSERT_EQ(read.bad.size(), 1U);
      EXPECT_EQ(read.bad[0].substr(0, 11), "2: too long");
    }
  }
}

}  // namespace
}  // namespace quern::formats

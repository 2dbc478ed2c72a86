#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/formats/read_for_test.h"

namespace quern::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RecordFormat regex(std::string pattern) { return {.kind = RecordFormat::Kind::kRegex, .regex = std::move(pattern)}; }
RecordFormat start(std::string pattern) { return {.kind = RecordFormat::Kind::kStart, .regex = std::move(pattern)}; }

TEST(RegexFormat, MakesMapsOfNamedGroups) {
  const ReadForTest read = read_for_test(regex(R"(^(?P<verb>\w+) (?:(?P<path>/\S*)|(\d+)) (?P<rest>.*)$)"),
                                         "GET /a x \"y\"\t\r\n\nPUT 7 \nno match\nGET / \u20ac");
  EXPECT_EQ(
      read.lines,
      "{\"verb\":\"GET\",\"path\":\"/a\",\"rest\":\"x \\\"y\\\"\\t\"}\n\n"
      "{\"verb\":\"PUT\",\"path\":null,\"rest\":\"\"}\n\n{\"verb\":\"GET\",\"path\":\"/\",\"rest\":\"\u20ac\"}\n");
  EXPECT_THAT(read.bad, ElementsAre("4: the line does not match the regular expression of the job file [no match]"));
}

TEST(RegexFormat, LeavesOutWhatNothingReads) {
  const RecordFormat format{.kind = RecordFormat::Kind::kRegex, .regex = "(?P<a>.)(?P<b>.)?(?P<c>x)?"};
  const ReadForTest read = read_in_chunks(*make_record_reader(format, {"b"}), "12\n12\n1\n", 1000, 1000);
  EXPECT_EQ(read.lines,
            "{\"a\":\"1\",\"b\":\"2\",\"c\":null}\n"
            "{\"b\":\"2\"}\n"
            "{\"b\":null}\n");
}

TEST(RegexFormat, GoesOnAfterALineThatIsTooLong) {
  const ReadForTest read = read_for_test(regex("(?P<a>.+)"), "1\n" + std::string(50, 'x') + "\n2\n", 16);
  EXPECT_EQ(read.lines, "{\"a\":\"1\"}\n\n{\"a\":\"2\"}\n");
  EXPECT_THAT(read.bad, ElementsAre("2: too long [" + std::string(17, 'x') + "]"));
}

TEST(StartFormat, MakesTextsOfSeveralLines) {
  const ReadForTest read = read_for_test(start("^\\d"), "1 a\n  \"b\"\r\n\n2\r\n3\n\ttrace");
  EXPECT_EQ(read.lines, "\"1 a\\n  \\\"b\\\"\\r\\n\"\n\n\n\"2\"\n\"3\\n\\ttrace\"\n\n");
  EXPECT_THAT(read.bad, IsEmpty());
  EXPECT_EQ(read_for_test(start("^\\d"), "").lines, "");
  EXPECT_EQ(read_for_test(start("^$"), "\n\n").lines, "\"\"\n\"\"\n");
}

TEST(StartFormat, RefusesWhatComesBeforeTheFirstRecord) {
  const ReadForTest read = read_for_test(start("^\\d"), "a\nb\n1\n");
  EXPECT_EQ(read.lines, "\n\n\"1\"\n");
  EXPECT_THAT(read.bad, ElementsAre("1: no line before it matches the regular expression of `start` [a b]"));
  EXPECT_THAT(read_for_test(start("^\\d"), "\n\r\n1\n").bad, IsEmpty());
}

TEST(StartFormat, GoesOnAfterARecordThatIsTooLong) {
  for (std::size_t length = 1; length < 60; ++length) {
    const std::string text = "1\n2\n" + std::string(length, 'x') + "\n" + std::string(40 - length % 3, 'y') + "\n3\n4";
    const ReadForTest read = read_for_test(start("^\\d"), text, 16);
    EXPECT_EQ(read.lines, "\"1\"\n\n\n\n\"3\"\n\"4\"\n") << length;
    ASSERT_EQ(read.bad.size(), 1U) << length;
    EXPECT_EQ(read.bad[0].substr(0, 11), "2: too long") << length;
  }
}

}  // namespace
}  // namespace quern::formats

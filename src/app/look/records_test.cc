#include "app/look/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = Format::Kind;

struct Found {
  std::vector<std::string> records;
  ReadRecords read;
};

Found found_in(const Format& format, const Piece& piece, std::uint64_t most = 100) {
  Found found;
  found.read = for_each_record(format, piece, most, [&](const FoundRecord& record) {
    found.records.push_back(format.kind == Kind::kTable ? fmt::format("{}", fmt::join(record.fields, "/"))
                                                        : std::string(record.text));
  });
  EXPECT_EQ(found.read.records, found.records.size());
  return found;
}

TEST(Records, AreLinesThatAreNotBlank) {
  const Found found = found_in({.kind = Kind::kJson}, {.bytes = "{}\n \n[1]\r\n{\"a\":1}"});
  EXPECT_THAT(found.records, ElementsAre("{}", "[1]\r", "{\"a\":1}"));
  EXPECT_EQ(found.read.bytes, 17U);
  EXPECT_TRUE(found.read.is_all);
}

TEST(Records, LeaveOutWhatMayBeCut) {
  const Found found = found_in({.kind = Kind::kText}, {.bytes = "alf\nwhole\nhal", .is_start = false, .is_end = false});
  EXPECT_THAT(found.records, ElementsAre("whole"));
  EXPECT_EQ(found.read.bytes, 6U);
  EXPECT_FALSE(found.read.is_all);
  EXPECT_THAT(found_in({.kind = Kind::kText}, {.bytes = "alf", .is_start = false}).records, IsEmpty());
}

TEST(Records, StopAtTheBound) {
  const Found found = found_in({.kind = Kind::kText}, {.bytes = "a\nb\nc\n"}, 2);
  EXPECT_THAT(found.records, ElementsAre("a", "b"));
  EXPECT_FALSE(found.read.is_all);
  EXPECT_TRUE(found_in({.kind = Kind::kText}, {.bytes = "a\nb\n"}, 2).read.is_all);
}

TEST(Records, HaveNoKeys) {
  EXPECT_THAT(found_in({.kind = Kind::kKeyedJson}, {.bytes = "k {\"a\": 1}\nl\t[]\n{}\nm\n"}).records,
              ElementsAre("{\"a\": 1}", "[]", "{}", ""));
}

TEST(Records, AreRowsBelowTheHeader) {
  Format format{.kind = Kind::kTable, .columns = {"a", "b"}};
  const Piece piece{.bytes = "a,b\n1,\"x\ny\"\nodd\n2,z\n3,"};
  EXPECT_THAT(found_in(format, piece).records, ElementsAre("1/x\ny", "2/z", "3/"));
  EXPECT_THAT(found_in(format, {.bytes = "9\n1,2\n3,", .is_start = false, .is_end = false}).records,
              ElementsAre("1/2"));
  format.has_header = false;
  EXPECT_THAT(found_in(format, piece).records, ElementsAre("a/b", "1/x\ny", "2/z", "3/"));
}

TEST(Records, AreElementsOfAnArray) {
  const Format format{.kind = Kind::kArray};
  Found found = found_in(format, {.bytes = " [ {\"a\": \"]\\\"}\"} ,\n[1, {}], 12 , null,\"x\"]\n"});
  EXPECT_THAT(found.records, ElementsAre("{\"a\": \"]\\\"}\"}", "[1, {}]", "12", "null", "\"x\""));
  EXPECT_TRUE(found.read.is_all);
  found = found_in(format, {.bytes = "[{\"a\": 1}, {\"a\": ", .is_end = false});
  EXPECT_THAT(found.records, ElementsAre("{\"a\": 1}"));
  EXPECT_EQ(found.read.bytes, 9U);
  EXPECT_FALSE(found.read.is_all);
  EXPECT_THAT(found_in(format, {.bytes = "[]"}).records, IsEmpty());
  EXPECT_THAT(found_in(format, {.bytes = "[{\"a\": 1}]", .is_start = false}).records, IsEmpty());
}

TEST(Records, AreDocumentsOneAfterAnother) {
  const Found found = found_in({.kind = Kind::kDocument}, {.bytes = "{\n \"a\": 1\n}\n{\"a\":\n2}\n"});
  EXPECT_THAT(found.records, ElementsAre("{\n \"a\": 1\n}", "{\"a\":\n2}"));
  EXPECT_TRUE(found.read.is_all);
}

TEST(Records, EndAtWhatIsNoJson) {
  for (const char* text : {"[}", "[1 2}", "[\"", "]", "[\"a\\", "{\"a\": [}"}) {
    for (Kind kind : {Kind::kArray, Kind::kDocument}) found_in({.kind = kind}, {.bytes = text});
  }
}

}  // namespace
}  // namespace quern::app

#include "app/look/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = RecordFormat::Kind;

Format of_lines(RecordKind kind) { return {.is_empty = false, .kind = kind}; }

Format of_records(const RecordFormat& records) {
  return {.is_empty = false, .kind = RecordKind::kJson, .records = records};
}

struct Found {
  std::vector<std::string> records;
  ReadRecords read;
};

Found found_in(const Format& format, const Piece& piece, std::uint64_t most = 100) {
  Found found;
  found.read =
      for_each_record(format, piece, most, [&](const FoundRecord& record) { found.records.emplace_back(record.text); });
  EXPECT_EQ(found.read.records, found.records.size());
  return found;
}

TEST(Records, AreLinesThatAreNotBlank) {
  const Found found = found_in(of_lines(RecordKind::kJson), {.bytes = "{}\n \n[1]\r\n{\"a\":1}"});
  EXPECT_THAT(found.records, ElementsAre("{}", "[1]\r", "{\"a\":1}"));
  EXPECT_EQ(found.read.bytes, 17U);
  EXPECT_TRUE(found.read.is_all);
}

TEST(Records, LeaveOutWhatMayBeCut) {
  const Found found =
      found_in(of_lines(RecordKind::kText), {.bytes = "alf\nwhole\nhal", .is_start = false, .is_end = false});
  EXPECT_THAT(found.records, ElementsAre("whole"));
  EXPECT_EQ(found.read.bytes, 6U);
  EXPECT_FALSE(found.read.is_all);
  EXPECT_THAT(found_in(of_lines(RecordKind::kText), {.bytes = "alf", .is_start = false}).records, IsEmpty());
}

TEST(Records, StopAtTheBound) {
  const Found found = found_in(of_lines(RecordKind::kText), {.bytes = "a\nb\nc\n"}, 2);
  EXPECT_THAT(found.records, ElementsAre("a", "b"));
  EXPECT_FALSE(found.read.is_all);
  EXPECT_TRUE(found_in(of_lines(RecordKind::kText), {.bytes = "a\nb\n"}, 2).read.is_all);
}

TEST(Records, HaveNoKeys) {
  const Found found = found_in(of_lines(RecordKind::kKeyedJson), {.bytes = "k {\"a\": 1}\nl\t[]\n{}\nm\n"});
  EXPECT_THAT(found.records, ElementsAre("{\"a\": 1}", "[]", "{}"));
  EXPECT_EQ(found.read.bad, 1U);
  EXPECT_NE(found.read.bad_reason, "");
}

TEST(Records, AreRowsBelowTheHeader) {
  Format format = of_records({.kind = Kind::kCsv});
  format.columns = {"a", "b"};
  const Piece piece{.bytes = "a,b\n1,\"x\ny\"\nodd\n2,z\n3,"};
  const Found found = found_in(format, piece);
  EXPECT_THAT(found.records, ElementsAre(R"({"a":"1","b":"x\ny"})", R"({"a":"2","b":"z"})", R"({"a":"3","b":""})"));
  EXPECT_EQ(found.read.bad, 1U);
  EXPECT_THAT(found_in(format, {.bytes = "9\n1,2\n3,", .is_start = false, .is_end = false}).records,
              ElementsAre(R"({"a":"1","b":"2"})"));
  const Found some = found_in(format, piece, 2);
  EXPECT_EQ(some.read.skipped, 1U);
  EXPECT_FALSE(some.read.is_all);
}

TEST(Records, OfATableAreBadIfTheyAreNotUtf8) {
  Format format = of_records({.kind = Kind::kCsv});
  format.columns = {"a", "b"};
  const Found found = found_in(format, {.bytes = "a,b\n1,\xa9\n2,z\n"});
  EXPECT_THAT(found.records, ElementsAre(R"({"a":"2","b":"z"})"));
  EXPECT_EQ(found.read.bad, 1U);
  EXPECT_NE(found.read.bad_reason.find("not UTF-8"), std::string::npos) << found.read.bad_reason;
}

TEST(Records, OfAnArrayAreBadIfTheyAreNoJson) {
  const std::string bytes("[{\"a\0\": 1}, {\"a\": 2}]", 21);
  const Found found = found_in(of_records({.kind = Kind::kJsonDocument}), {.bytes = bytes});
  EXPECT_THAT(found.records, ElementsAre(R"({"a": 2})"));
  EXPECT_EQ(found.read.bad, 1U);
}

TEST(Records, AreElementsOfAnArray) {
  const Format format = of_records({.kind = Kind::kJsonDocument});
  Found found = found_in(format, {.bytes = " [ {\"a\": \"]\\\"}\"} ,\n[1, {}], 12 , null,\"x\"]\n"});
  EXPECT_EQ(found.records.size(), 5U);
  EXPECT_TRUE(found.read.is_all);
  found = found_in(format, {.bytes = "[{\"a\": 1}, {\"a\": ", .is_end = false});
  EXPECT_EQ(found.records.size(), 1U);
  EXPECT_FALSE(found.read.is_all);
  EXPECT_THAT(found_in(format, {.bytes = "[]"}).records, IsEmpty());
  EXPECT_THAT(found_in(format, {.bytes = "[{\"a\": 1}]", .is_start = false}).records, IsEmpty());
}

TEST(Records, AreSeveralDocumentsUpToAFlaw) {
  const Format format = of_records({.kind = Kind::kJsonDocument});
  EXPECT_EQ(found_in(format, {.bytes = "{\n \"a\": 1\n}\n{\"a\":\n2}\n"}).records.size(), 2U);
  const Found found = found_in(format, {.bytes = "{\n \"a\": 1\n}\n, {\"a\":\n2}\n"});
  EXPECT_LE(found.records.size(), 1U);
  EXPECT_EQ(found.read.bad, 1U);
  EXPECT_NE(found.read.bad_reason, "");
}

TEST(Records, EndAtWhatIsNoJson) {
  for (const char* text : {"[}", "[1 2}", "[\"", "]", "[\"a\\", "{\"a\": [}"}) {
    found_in(of_records({.kind = Kind::kJsonDocument}), {.bytes = text});
  }
}

}  // namespace
}  // namespace quern::app

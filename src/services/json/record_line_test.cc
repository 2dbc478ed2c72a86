#include "services/json/record_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::json {
namespace {

using Outcome = RecordLineReader::Outcome;

struct Read {
  Outcome outcome;
  std::string copy;
  std::string reason;
};

Read read(const std::string& line, RecordKind kind = RecordKind::kKeyedJson) {
  Plan plan({.copied = {parse_path("info.OS").value()}});
  RecordLineReader reader(plan, kind);
  Buffer copy;
  Outcome outcome = reader.read(line, copy);
  return {outcome, std::string(copy.view()), reader.reason()};
}

TEST(RecordLine, KeepsTheKeyAndWhatStandsBehindIt) {
  const std::string json = R"({"info": {"OS": "WINNT", "x": 1}})";
  EXPECT_EQ(read("key\t" + json).copy, "key\t{\"info\":{\"OS\":\"WINNT\"}}");
  EXPECT_EQ(read("key \t" + json).copy, "key {\"info\":{\"OS\":\"WINNT\"}}");
  EXPECT_EQ(read(json).copy, "{\"info\":{\"OS\":\"WINNT\"}}");
  EXPECT_EQ(read(" " + json + "\r").copy, " {\"info\":{\"OS\":\"WINNT\"}}");
  EXPECT_EQ(read("[1]").copy, "[]");
  EXPECT_EQ(read("  7 ", RecordKind::kJson).copy, "7");
}

TEST(RecordLine, BlankLinesAreNoRecords) {
  for (const char* line : {"", " ", "\t\r", "\v\f"}) {
    EXPECT_EQ(read(line).outcome, Outcome::kBlank);
    EXPECT_EQ(read(line, RecordKind::kJson).outcome, Outcome::kBlank);
  }
}

TEST(RecordLine, SaysWhyALineIsBad) {
  struct Row {
    std::string line;
    const char* reason;
  };
  const Row rows[] = {
      {"key", "the line has no TAB or space between key and record, and does not start with { or ["},
      {"key ", "the record is not JSON: it ends too early: column 5"},
      {"k {\"a\":}", "the record is not JSON: a value is missing: column 8"},
      {"k {\"a\":1} x", "the record is not JSON: something follows its end: column 11"},
      {"k {\"a\":\"x}", "the record is not JSON: a string is never closed"},
      {"k {\"a\":\"\xff\"}", "the record is not UTF-8: column 9: byte 0xff"},
      {"\xc3 {}", "the record is not UTF-8: column 1: byte 0xc3"},
      {"{\"a\":\"\x01\"}", "the record is not JSON: a string has a control character in it that is not escaped"},
  };
  for (const Row& row : rows) {
    Read bad = read(row.line);
    EXPECT_EQ(bad.outcome, Outcome::kBad) << row.line;
    EXPECT_EQ(bad.reason, row.reason) << row.line;
    EXPECT_EQ(bad.copy, "") << row.line;
  }
}

}  // namespace
}  // namespace quern::json

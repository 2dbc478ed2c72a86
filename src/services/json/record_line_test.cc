#include "services/json/record_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace quern::json {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts_of(const std::vector<Capture>& captures) {
  std::vector<std::string> texts;
  for (const Capture& capture : captures)
    texts.push_back(std::to_string(capture.number) + ":" + std::string(capture.text));
  return texts;
}

Plan plan_for(const std::vector<std::string>& paths) {
  Wanted wanted;
  for (const std::string& path : paths) wanted.captured.push_back(parse_path(path).value());
  return Plan(wanted);
}

TEST(FlatRecord, FindsWhatTheMembersOfARecordBeforeItLeadTo) {
  const Plan plan = plan_for({"b", "d.e", "a", "b"});
  FlatRecordReader reader(plan);
  EXPECT_FALSE(reader.read(R"({"a":"x","b":1})"));
  reader.learn(R"({"a":"x","b":1,"c":null})");
  EXPECT_TRUE(reader.read(R"({"a":"","b":null,"c":"y"})"));
  EXPECT_THAT(texts_of(reader.captures()), ElementsAre("2:\"\"", "0:null", "3:null"));
  EXPECT_TRUE(reader.read(R"({"a":"\"}\\","b":-1.5e3,"c":0})"));
  EXPECT_THAT(texts_of(reader.captures()), ElementsAre(R"(2:"\"}\\")", "0:-1.5e3", "3:-1.5e3"));
  // d was not among the members, so any further member could be d.
  for (const char* other : {R"({"a":"x","b":1,"c":2,"d":3})", R"({"a":"x","b":1})", R"({"b":1,"a":"x","c":2})", "{}",
                            "", R"({"a":"x","b":1,"c":"2)", R"({"a":"x\)"}) {
    EXPECT_FALSE(reader.read(other)) << other;
  }
  for (const char* none : {"{}", "{", "", "7", "{\"", "{\"a\"", "{\"a\":"}) {
    reader.learn(none);
    EXPECT_FALSE(reader.read(none)) << none;
  }
}

TEST(FlatRecord, ReadsNoFurtherThanTheLastWantedMember) {
  const Plan plan = plan_for({"'a\"b'"});
  FlatRecordReader reader(plan);
  reader.learn(R"({"x":1,"a\"b":"t","c":5})");
  EXPECT_TRUE(reader.read(R"({"x":22,"a\"b":7,"other":"y"})"));
  EXPECT_THAT(texts_of(reader.captures()), ElementsAre("0:7"));
}

std::string flat_record(std::mt19937& random) {
  constexpr std::string_view kNames[] = {"a", "b", "c", "long name", "\\u0065", "f\\\"", "\xc3\xa9"};
  constexpr std::string_view kValues[] = {"null",
                                          "0",
                                          "-12.5",
                                          "123456789012",
                                          "\"\"",
                                          "\"x\"",
                                          "\"\\\\\"",
                                          "\"\\\"},\"",
                                          "\"{\\n}\"",
                                          "\"\xc3\xa9t\xc3\xa9\"",
                                          "\"a longer text, with a comma\""};
  std::string record = "{";
  for (const std::string_view name : kNames) {
    // Mostly all of them, so that records have the same members.
    if (random() % 20 == 0) continue;
    record.append(record.size() > 1 ? "," : "").append("\"").append(name).append("\":");
    record += kValues[random() % std::size(kValues)];
  }
  return record + "}";
}

TEST(FlatRecord, SeesWhatTheReaderOfAnyRecordSees) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> paths;
    for (const char* path : {"a", "b", "c.d", "e", "'f\"'", "\xc3\xa9", "missing", "'long name'"}) {
      if (random() % 3 == 0) paths.emplace_back(path);
    }
    const Plan plan = plan_for(paths);
    RecordLineReader flat(plan, RecordKind::kJson, true);
    RecordLineReader any(plan, RecordKind::kJson);
    for (int i = 0; i < 100; ++i) {
      const std::string line = random() % 30 == 0 ? "" : flat_record(random);
      Buffer copy;
      const auto outcome = any.read(line, copy);
      ASSERT_EQ(flat.read(line, copy), outcome) << line;
      if (outcome == RecordLineReader::Outcome::kBad) {
        EXPECT_EQ(flat.reason(), any.reason());
      } else if (outcome == RecordLineReader::Outcome::kRecord) {
        EXPECT_EQ(texts_of(flat.captures()), texts_of(any.captures())) << line;
      }
    }
  }
}

}  // namespace

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

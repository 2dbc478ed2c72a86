#include "services/json/flat_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "services/json/record_line.h"

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
}  // namespace quern::json

#include "services/json/record_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"

namespace quern::json {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One path in a line: its types with their counts, records, distinct values, examples and range.
std::string in_a_line(const ProfiledPath& path) {
  std::vector<std::string> types;
  for (std::size_t i = 0; i < kValueTypes; ++i) {
    if (path.types[i] > 0) types.push_back(fmt::format("{} {}", name_of(static_cast<ValueType>(i)), path.types[i]));
  }
  return fmt::format("{}: {} in {}, {} distinct [{}] {}..{}", path.text, fmt::join(types, " "), path.records,
                     path.distinct, fmt::join(path.examples, " "), path.smallest, path.largest);
}

std::vector<std::string> profile_of(const std::vector<std::string>& records) {
  RecordProfile profile;
  for (const std::string& record : records) EXPECT_TRUE(profile.add(record)) << record;
  std::vector<std::string> lines;
  for (const ProfiledPath& path : profile.paths()) lines.push_back(in_a_line(path));
  return lines;
}

TEST(RecordProfile, ListsThePathsInTheirOrder) {
  EXPECT_THAT(profile_of({R"({"b": "x", "a": {"n": 2}})", R"( {"a" : {"n" : 10, "m": 0.5}, "b" : "w"} )"}),
              ElementsAre("b: string 2 in 2, 2 distinct [x w] w..x", "a.n: integer 2 in 2, 2 distinct [2 10] 2..10",
                          "a.m: number 1 in 1, 1 distinct [0.5] 0.5..0.5"));
}

TEST(RecordProfile, CountsEachTypeOfAMixedPath) {
  EXPECT_THAT(profile_of({R"({"v": 1})", R"({"v": "a"})", R"({"v": null})", R"({"v": true})", R"({"v": {"w": 1}})",
                          R"({"v": []})", R"({})"}),
              ElementsAre("v: null 1 boolean 1 integer 1 string 1 object 1 array 1 in 6, 3 distinct [1 a true] 1..1",
                          "v.w: integer 1 in 1, 1 distinct [1] 1..1"));
}

TEST(RecordProfile, CountsRecordsNotElements) {
  EXPECT_THAT(profile_of({R"({"tags": ["a", "b", "a"]})", R"({"tags": []})", R"({})"}),
              ElementsAre("tags: array 2 in 2, 0 distinct [] ..", "tags[*]: string 3 in 1, 2 distinct [a b] a..b"));
}

TEST(RecordProfile, KnowsRecordsThatAreLists) {
  EXPECT_THAT(
      profile_of({R"([{"k": 1}, {"k": 2}])", R"([[3]])"}),
      ElementsAre("[*]: object 2 array 1 in 2, 0 distinct [] ..", "[*].k: integer 2 in 1, 2 distinct [1 2] 1..2",
                  "[*][*]: integer 1 in 1, 1 distinct [3] 3..3"));
}

TEST(RecordProfile, ComparesNumbersExactly) {
  EXPECT_THAT(profile_of({R"({"n": 9})", R"({"n": -1e400})", R"({"n": 100000000000000000001})",
                          R"({"n": 100000000000000000002})", R"({"n": 1.50})"}),
              ElementsAre("n: integer 3 number 2 in 5, 5 distinct [9 -1e400 100000000000000000001] "
                          "-1e400..100000000000000000002"));
}

TEST(RecordProfile, UnescapesNamesAndQuotesOddOnes) {
  EXPECT_THAT(
      profile_of({R"({"a.b": {"": 1, "it's": "\u00fc\n", "\"": 0}, "\u00fcber": "\ud83d\ude00"})"}),
      ElementsAre("\"a.b\".\"\": integer 1 in 1, 1 distinct [1] 1..1",
                  "\"a.b\".\"it's\": string 1 in 1, 1 distinct [ü\n] ü\n..ü\n",
                  "\"a.b\".\"\\\"\": integer 1 in 1, 1 distinct [0] 0..0", "über: string 1 in 1, 1 distinct [😀] 😀..😀"));
}

TEST(RecordProfile, TakesNamesThatAreDataTogether) {
  std::vector<std::string> records;
  for (int i = 0; i < 40; ++i) records.push_back(fmt::format(R"({{"users": {{"id{}": {{"n": {}}}}}, "ok": 1}})", i, i));
  EXPECT_THAT(profile_of(records), ElementsAre("users.*.n: integer 40 in 40, 40 distinct [0 1 10] 0..39",
                                               "ok: integer 40 in 40, 1 distinct [1] 1..1"));
}

TEST(RecordProfile, KeepsManyNamesThatMostRecordsHave) {
  std::string record = "{";
  for (int i = 0; i < 150; ++i) record += fmt::format("{}\"column{}\": {}", i == 0 ? "" : ", ", i, i);
  EXPECT_THAT(profile_of({record + "}", record + "}"}), SizeIs(150));
}

TEST(RecordProfile, KnowsADocumentThatIsAMap) {
  std::string record = "{";
  for (int i = 0; i < 5000; ++i) record += fmt::format("{}\"key {}\": {{\"size\": {}}}", i == 0 ? "" : ", ", i, i);
  RecordProfile profile;
  ASSERT_TRUE(profile.add(record + "}"));
  const auto paths = profile.paths();
  ASSERT_THAT(paths, SizeIs(1));
  EXPECT_EQ(paths[0].text, "*.size");
  EXPECT_THAT(paths[0].path, IsEmpty());
  EXPECT_EQ(paths[0].values, 5000U);
  EXPECT_EQ(paths[0].records, 1U);
  EXPECT_EQ(paths[0].distinct, 1000U);
  EXPECT_TRUE(paths[0].has_more);
  EXPECT_EQ(paths[0].largest, "4999");
}

TEST(RecordProfile, BoundsWhatItShows) {
  const std::string word(5000, 'x');
  RecordProfile profile;
  ASSERT_TRUE(profile.add("{\"a\": \"" + word + "\"}"));
  const auto paths = profile.paths();
  EXPECT_EQ(paths.at(0).examples.at(0).size(), 200U);
  EXPECT_EQ(paths.at(0).largest.size(), 200U);
}

TEST(RecordProfile, LooksOnlyAsDeepAsAPathMayBe) {
  std::string record = "1";
  for (int i = 0; i < 300; ++i) record = fmt::format("{{\"a\": {}}}", record);
  const std::vector<std::string> lines = profile_of({record});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_TRUE(lines[0].ends_with("a.a: object 1 in 1, 0 distinct [] ..")) << lines[0];
  std::string deep = "[1]";
  for (std::size_t i = 1; i < limits::kMaxPathSteps; ++i) deep = "[" + deep + "]";
  RecordProfile profile;
  ASSERT_TRUE(profile.add(deep));
  const auto paths = profile.paths();
  EXPECT_TRUE(parse_path(paths.back().text).ok());
  EXPECT_EQ(paths.back().count(ValueType::kInteger), 1U);
}

TEST(RecordProfile, LearnsNothingFromWhatIsNotJson) {
  RecordProfile profile;
  EXPECT_FALSE(profile.add(R"({"a": 1)"));
  EXPECT_FALSE(profile.flaw().what.empty());
  EXPECT_FALSE(profile.add(""));
  EXPECT_EQ(profile.records(), 0U);
  EXPECT_THAT(profile.paths(), IsEmpty());
}

TEST(RecordProfile, ReadsNumbersInRows) {
  RecordProfile profile(true);
  profile.add(R"({"name":"x","n":"007","nan":"nan"})");
  profile.add(R"({"name":"","n":"-1.5","nan":"inf"})");
  profile.add(R"({"name":"y"})");
  std::vector<std::string> lines;
  for (const ProfiledPath& path : profile.paths()) lines.push_back(in_a_line(path));
  EXPECT_THAT(lines, ElementsAre("name: null 1 string 2 in 3, 2 distinct [x y] x..y",
                                 "n: integer 1 number 1 in 2, 2 distinct [007 -1.5] -1.5..007",
                                 "nan: string 2 in 2, 2 distinct [nan inf] inf..nan"));
}

}  // namespace
}  // namespace quern::json

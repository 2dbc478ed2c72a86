#include "services/json/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::json {
namespace {

Condition condition_of(const std::string& wanted) { return parse_conditions("{\"a\":" + wanted + "}").value().front(); }

TEST(Conditions, MatchByKindAndValue) {
  struct Row {
    const char* wanted;
    const char* raw;
    bool matches;
  };
  const Row rows[] = {
      {"1", "1", true},
      {"1", "1.0", true},
      {"1", "10e-1", true},
      {"1", "\"1\"", false},
      {"1", "true", false},
      {"\"1\"", "1", false},
      {"0", "-0", true},
      {"18446744073709551615", "18446744073709551615", true},
      {"18446744073709551615", "18446744073709551614", false},
      {"-9007199254740993", "-9007199254740993", true},
      {"-9007199254740993", "-9007199254740992", false},
      {"1e3", "1000", true},
      {"null", "null", true},
      {"null", "false", false},
      {"true", "true", true},
      {"false", "true", false},
      {"\"x\"", "\"x\"", true},
      {"\"x\"", "\"\\u0078\"", true},
      {"\"x\"", "[\"x\"]", false},
      {"[1,\"x\",null]", "\"x\"", true},
      {"[1,\"x\",null]", "null", true},
      {"[1,\"x\",null]", "2", false},
      {"{\"min\":1024}", "1024", true},
      {"{\"min\":1024}", "1023.9", false},
      {"{\"min\":1024}", "\"2000\"", false},
      {"{\"min\":1024}", "null", false},
      {"{\"min\":-2,\"max\":-1}", "-1.5", true},
      {"{\"min\":-2,\"max\":-1}", "-1e400", false},
      {"{\"max\":1}", "1e-400", true},
      {"{\"max\":1}", "1e400", false},
      {"{\"min\":\"2014\",\"max\":\"2015\"}", "\"2014-05-01\"", true},
      {"{\"min\":\"2014\",\"max\":\"2015\"}", "\"2015-01-01\"", false},
      {"{\"min\":\"2014\"}", "2014", false},
      {"18446744073709551617", "18446744073709551617", true},
      {"18446744073709551617", "18446744073709551616", false},
      {"{\"min\":18446744073709551617}", "18446744073709551616", false},
      {"{\"min\":18446744073709551617}", "18446744073709551618", true},
      {"9007199254740992", "9007199254740993.0", false},
      {"9007199254740993", "9007199254740993.0", true},
      {"[1,9007199254740993]", "9007199254740992", false},
      {"1e400", "1e400", true},
      {"{\"min\":1e400}", "1e399", false},
      {"{\"min\":-1e400,\"max\":1e-400}", "1e-401", true},
      {"\"1\\\"2\"", "\"1\\\"2\"", true},
      {"{\"max\":\"a\"}", "\"\\u0041\"", true},
  };
  std::string scratch;
  for (const Row& row : rows) {
    EXPECT_EQ(matches(condition_of(row.wanted), row.raw, scratch), row.matches) << row.wanted << " of " << row.raw;
  }
}

TEST(Conditions, SayWhichPathIsWrong) {
  struct Row {
    const char* where;
    const char* says;
  };
  const Row rows[] = {
      {"{\"a..b\":1}", "where: 'a..b' is not a path"},
      {"{\"a\":{\"min\":1,\"max\":\"x\"}}", "where: a has a number and text as min and max"},
      {"{\"a\":{}}", "where: a has neither min nor max"},
      {R"({"a":{"min":5.5,"max":5}})", "where: a has a min above its max"},
      {R"({"a":{"min":"b","max":"a"}})", "where: a has a min above its max"},
      {"{\"a\":{\"min\":true}}", "where: a has a min or max that is neither"},
      {"{\"a\":[[1]]}", "where: a is compared with a list or a map"},
      {"[1]", "where is not a map"},
      {"nonsense", "where is not a map"},
  };
  for (const Row& row : rows) {
    auto parsed = parse_conditions(row.where);
    ASSERT_FALSE(parsed.ok()) << row.where;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(parsed.error().message, testing::HasSubstr(row.says));
  }
}

TEST(Conditions, AllHaveToHold) {
  auto conditions = parse_conditions(R"({"a":1,"b":2})").value();
  std::string scratch;
  EXPECT_TRUE(all_hold(conditions, {{0, "1"}, {1, "2"}}, scratch));
  EXPECT_TRUE(all_hold(conditions, {{0, "3"}, {0, "1"}, {1, "2"}}, scratch)) << "of several values one is enough";
  EXPECT_FALSE(all_hold(conditions, {{0, "1"}, {1, "1"}}, scratch));
  EXPECT_FALSE(all_hold(conditions, {{0, "1"}}, scratch)) << "nothing at the path";
  EXPECT_TRUE(all_hold({}, {}, scratch));
}

}  // namespace
}  // namespace quern::json

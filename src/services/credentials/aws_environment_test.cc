#include "services/credentials/aws_environment.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "base/utc_time.h"

namespace quern::credentials {
namespace {

using Variables = std::map<std::string, std::string>;
using ::testing::HasSubstr;
using ::testing::Not;

EnvironmentLookup lookup(const Variables& variables) {
  return [&variables](const char* name) {
    auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

TEST(Environment, GivesKeysTokenRegionAndExpiry) {
  const Variables variables = {
      {"AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", "abc/def+ghi="},
      {"AWS_SESSION_TOKEN", "token"},       {"AWS_REGION", "eu-west-1"},
      {"AWS_DEFAULT_REGION", "us-east-1"},  {"AWS_CREDENTIAL_EXPIRATION", "2026-01-31T12:00:00+00:00"}};
  auto found = from_environment(lookup(variables)).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->access_key_id, "AKIAEXAMPLE");
  EXPECT_EQ(found->secret_access_key.reveal(), "abc/def+ghi=");
  EXPECT_EQ(found->session_token.reveal(), "token");
  EXPECT_EQ(found->region, "eu-west-1");
  EXPECT_EQ(format_utc(*found->expires), "2026-01-31T12:00:00Z");
  EXPECT_EQ(found->source, "AWS_ACCESS_KEY_ID");
}

TEST(Environment, GivesNoneWhereNothingIsSet) {
  EXPECT_FALSE(from_environment(lookup({})).value().has_value());
  const Variables empty = {{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}, {"AWS_REGION", "eu-west-1"}};
  EXPECT_FALSE(from_environment(lookup(empty)).value().has_value());
}

TEST(Environment, TakesTheDefaultRegionLast) {
  const Variables both = {{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "us-east-1"}};
  EXPECT_EQ(region_of(lookup(both)), "us-east-1");
  EXPECT_EQ(region_of(lookup({})), "");
}

TEST(Environment, SaysWhatIsWrongAndShowsNoValue) {
  struct Row {
    Variables variables;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{{"AWS_ACCESS_KEY_ID", "hidden"}},
       "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither"},
      {{{"AWS_SECRET_ACCESS_KEY", "hidden"}},
       "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not; set both, or neither"},
      {{{"AWS_ACCESS_KEY_ID", "hidden"}, {"AWS_SECRET_ACCESS_KEY", "hidden"}, {"AWS_CREDENTIAL_EXPIRATION", "hidden"}},
       "AWS_CREDENTIAL_EXPIRATION is not a time such as 2026-01-31T12:00:00Z"},
      {{{"AWS_ACCESS_KEY_ID", "hidden"}, {"AWS_SECRET_ACCESS_KEY", "hidden\n"}},
       "the secret access key in the credentials of AWS_ACCESS_KEY_ID has bytes that belong into none (a line end at "
       "its "
       "end?)"},
      {{{"AWS_ACCESS_KEY_ID", "hidden\r\nX: y"}, {"AWS_SECRET_ACCESS_KEY", "hidden"}},
       "the access key id in the credentials of AWS_ACCESS_KEY_ID has bytes that belong into none (a line end at its "
       "end?)"},
      {{{"AWS_ACCESS_KEY_ID", "hidden"}, {"AWS_SECRET_ACCESS_KEY", "hidden"}, {"AWS_SESSION_TOKEN", "hidden\xff"}},
       "the session token in the credentials of AWS_ACCESS_KEY_ID has bytes that belong into none (a line end at its "
       "end?)"},
  };
  for (const Row& row : rows) {
    auto found = from_environment(lookup(row.variables));
    ASSERT_FALSE(found.ok()) << row.message;
    EXPECT_EQ(found.error().message, row.message);
    EXPECT_EQ(found.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(found.error().message, Not(HasSubstr("hidden")));
  }
}

}  // namespace
}  // namespace quern::credentials

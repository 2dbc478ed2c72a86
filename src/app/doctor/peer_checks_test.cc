#include "app/doctor/peer_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/secret.h"

namespace quern::app::doctor {
namespace {

using State = Finding::State;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const UtcTime kNow = *parse_utc("2026-01-31T12:00:00Z");

TEST(CheckClock, ToleratesWhatItsOwnerDoes) {
  struct Row {
    seconds ahead;
    State state;
    const char* found;
  };
  for (const Row& row :
       {Row{seconds(0), State::kOk, "as that of S3"}, Row{seconds(-30), State::kOk, "as that of S3"},
        Row{seconds(90), State::kNote, "behind that of S3"},
        Row{minutes(-10), State::kNote, "10 minutes ahead of that of S3"},
        Row{minutes(20), State::kMissing, "20 minutes behind that of S3, which takes no more than 10 minutes"},
        Row{-hours(24 * 365), State::kMissing, "ahead of"}}) {
    const Finding finding = check_clock("S3", row.ahead, minutes(10), Need::kNeeded);
    EXPECT_EQ(finding.state, row.state) << row.found;
    EXPECT_THAT(finding.found, HasSubstr(row.found));
    EXPECT_EQ(finding.fix.empty(), row.state == State::kOk);
  }
  EXPECT_EQ(check_clock("S3", minutes(20), minutes(10), Need::kNotNeeded).state, State::kNote);
}

AwsCredentials aws(std::optional<UtcTime> expires) {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = Secret(std::string("hidden-secret")),
          .session_token = Secret(std::string("hidden-token")),
          .region = "eu-west-1",
          .expires = expires,
          .source = "CREDENTIALS"};
}

TEST(CheckAwsCredentials, TellsWhoseTheyAreAndNoSecret) {
  struct Row {
    std::optional<UtcTime> expires;
    State state;
    const char* found;
  };
  for (const Row& row :
       {Row{kNow + hours(5), State::kOk, "ends at 2026-01-31T17:00:00Z, in 5 hours"},
        Row{kNow + minutes(10), State::kNote, "in 10 minutes"}, Row{std::nullopt, State::kOk, "with an unknown end"}}) {
    const AwsCredentials credentials = aws(row.expires);
    const Finding finding = check_aws_credentials(&credentials, kNow);
    EXPECT_EQ(finding.state, row.state) << row.found;
    EXPECT_THAT(finding.found, HasSubstr(row.found));
    EXPECT_THAT(finding.found, HasSubstr("AKIDEXAMPLE of CREDENTIALS, region eu-west-1"));
    EXPECT_THAT(finding.found + finding.fix, Not(HasSubstr("hidden")));
  }
  EXPECT_EQ(check_aws_credentials(nullptr, kNow).state, State::kNote);
}

taskcluster::Access access(std::optional<UtcTime> expires) {
  taskcluster::Credentials credentials{
      .client_id = "me", .access_token = Secret(std::string("hidden")), .expires = expires};
  return {.root_url = "https://tc", .api_root_url = "https://tc", .credentials = std::move(credentials)};
}

TEST(CheckClient, ComparesTheEndOfItsCertificate) {
  EXPECT_EQ(check_client(access(std::nullopt), kNow, Need::kNeeded).found, "me, without an end of its own");
  EXPECT_EQ(check_client(access(kNow + hours(3)), kNow, Need::kNeeded).state, State::kOk);
  EXPECT_EQ(check_client(access(kNow + minutes(3)), kNow, Need::kNeeded).state, State::kNote);
  const Finding ended = check_client(access(kNow - hours(2)), kNow, Need::kNeeded);
  EXPECT_EQ(ended.state, State::kMissing);
  EXPECT_THAT(ended.found, HasSubstr("me, ends at 2026-01-31T10:00:00Z, 2 hours ago"));
  EXPECT_THAT(ended.fix, HasSubstr("taskcluster signin"));
  EXPECT_EQ(check_client(access(kNow - hours(2)), kNow, Need::kNotNeeded).state, State::kNote);
  const taskcluster::Access nobody{.root_url = "https://tc", .api_root_url = "https://tc"};
  EXPECT_EQ(check_client(nobody, kNow, Need::kNeeded).state, State::kMissing);
  const taskcluster::Access proxy{.root_url = "https://tc", .api_root_url = "http://taskcluster", .is_proxy = true};
  EXPECT_EQ(check_client(proxy, kNow, Need::kNeeded).state, State::kOk);
}

TEST(CheckScopes, NamesThoseThatAreMissing) {
  EXPECT_EQ(check_scopes(3, std::nullopt, Need::kNeeded).found, "3 held");
  EXPECT_EQ(check_scopes(3, std::vector<std::string>(), Need::kNeeded).state, State::kOk);
  const Finding finding = check_scopes(3, std::vector<std::string>(12, "queue:x"), Need::kNeeded);
  EXPECT_EQ(finding.state, State::kMissing);
  EXPECT_THAT(finding.found, HasSubstr("queue:x, queue:x"));
  EXPECT_THAT(finding.found, HasSubstr("and 2 more"));
  EXPECT_EQ(check_scopes(0, std::vector<std::string>{"a"}, Need::kNotNeeded).state, State::kNote);
}

TEST(CheckRegistryImage, SaysWhatTheStatusMeans) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const ImageName tagged = parse_image_name("ghcr.io/a/b:1").value();
  const ImageName fixed = parse_image_name("ghcr.io/a/b@" + digest).value();
  EXPECT_EQ(check_registry_image(fixed, {200, digest}).state, State::kOk);
  const Finding moving = check_registry_image(tagged, {200, digest});
  EXPECT_EQ(moving.state, State::kNote);
  EXPECT_EQ(moving.fix, "taskcluster.image: ghcr.io/a/b@" + digest);
  EXPECT_EQ(check_registry_image(tagged, {200, ""}).fix, "");
  EXPECT_EQ(check_registry_image(tagged, {401, ""}).state, State::kNote);
  EXPECT_EQ(check_registry_image(tagged, {403, ""}).state, State::kNote);
  EXPECT_EQ(check_registry_image(tagged, {404, ""}).state, State::kMissing);
  EXPECT_THAT(check_registry_image(tagged, {307, ""}).found, HasSubstr("ghcr.io answers 307"));
}

}  // namespace
}  // namespace quern::app::doctor

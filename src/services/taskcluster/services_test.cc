#include "services/taskcluster/services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/taskcluster/deployment_for_test.h"

namespace quern::taskcluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = Deployment::Json;

Mail mail() {
  return {.address = "owner@example.com",
          .subject = "os-count: done",
          .content = "All **2** inputs were mapped.",
          .link = Mail::Link{.text = "Result", .url = "https://tc.example.com/tasks/x"}};
}

TEST(SendMail, IsTakenOnceAndThenDropped) {
  Deployment deployment("{}", {"notify:email:owner@*"});
  EXPECT_EQ(send_mail(*deployment.api, mail(), {}).value(), MailOutcome::kTaken);
  EXPECT_EQ(send_mail(*deployment.api, mail(), {}).value(), MailOutcome::kDropped);
  Json body = Json::parse(deployment.requests()[0]["body"].get<std::string>());
  EXPECT_EQ(body["link"]["href"], "https://tc.example.com/tasks/x");
  EXPECT_EQ(body["content"], "All **2** inputs were mapped.");
}

TEST(SendMail, GoesThroughTheProxyOfATask) {
  Deployment deployment(R"({"anonymous": ["notify:email:owner@example.com"]})");
  deployment.access.credentials.reset();
  deployment.access.is_proxy = true;
  deployment.renew();
  EXPECT_TRUE(send_mail(*deployment.api, mail(), {}).ok());
}

TEST(SendMail, SaysWhyItWasRefused) {
  Deployment deployment(R"({"denylist": ["owner@example.com"]})");
  EXPECT_THAT(send_mail(*deployment.api, mail(), {}).error().message, HasSubstr("DenylistedAddress"));
  Deployment without("{}", {});
  auto refused = send_mail(*without.api, mail(), {});
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(refused.error().message, HasSubstr("notify:email:owner@example.com"));
}

TEST(SendMail, IsNotTriedWithWhatNoMailMayHave) {
  Deployment deployment;
  struct Row {
    const char* name;
    void (*change)(Mail&);
    const char* part;
  };
  const std::vector<Row> rows = {
      {"header", [](Mail& one) { one.subject = "a\r\nBcc: x@y"; }, "control character"},
      {"address", [](Mail& one) { one.address = "a@b\nc"; }, "control character"},
      {"no address", [](Mail& one) { one.address = "owner"; }, "has no @"},
      {"no subject", [](Mail& one) { one.subject = ""; }, "the subject of a mail has 0 characters"},
      {"long subject", [](Mail& one) { one.subject = std::string(256, 'x'); }, "must be 1 to 255"},
      {"long content", [](Mail& one) { one.content = std::string(102401, 'x'); }, "must be 1 to 102400"},
      {"link", [](Mail& one) { one.link->text = std::string(41, 'x'); }, "the link's text of a mail"},
      {"url", [](Mail& one) { one.link->url = ""; }, "the link's URL of a mail"}};
  for (const Row& row : rows) {
    Mail changed = mail();
    row.change(changed);
    auto sent = send_mail(*deployment.api, changed, {});
    ASSERT_FALSE(sent.ok()) << row.name;
    EXPECT_EQ(sent.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_THAT(sent.error().message, HasSubstr(row.part)) << row.name;
  }
  EXPECT_TRUE(deployment.requests().empty());
  Mail umlauts = mail();
  for (umlauts.subject.clear(); umlauts.subject.size() < 510;) umlauts.subject += "\u00e4";
  EXPECT_TRUE(send_mail(*deployment.api, umlauts, {}).ok());
}

TEST(GetSecret, GivesItsJson) {
  Deployment deployment(R"({"secrets": {"project/x/smtp": {"url": "smtp://hidden"}}})", {"secrets:get:project/x/*"});
  EXPECT_EQ(get_secret(*deployment.api, "project/x/smtp", {}).value().reveal(), R"({"url":"smtp://hidden"})");
  EXPECT_EQ(get_secret(*deployment.api, "project/x/none", {}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(get_secret(*deployment.api, "project/y", {}).error().kind, ErrorKind::kDenied);
}

TEST(CurrentScopes, AreThoseOfTheCredentials) {
  Deployment deployment("{}", {"auth:current-scopes", "a:*"});
  EXPECT_THAT(current_scopes(*deployment.api, {}).value(),
              ElementsAre("a:*", "assume:anonymous", "auth:current-scopes"));
  deployment.access.credentials->authorized_scopes = {"auth:current-scopes"};
  deployment.renew();
  EXPECT_THAT(current_scopes(*deployment.api, {}).value(), ElementsAre("assume:anonymous", "auth:current-scopes"));
}

TEST(IndexedTask, IsWhatTheIndexHas) {
  Deployment deployment("{}", {"index:find-task:quern.none"});
  EXPECT_EQ(indexed_task(*deployment.api, "quern.none", {}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(indexed_task(*deployment.api, "quern.other", {}).error().kind, ErrorKind::kDenied);
  EXPECT_EQ(parse_indexed_task(R"({"taskId": "fOF8Cqj0QPKbvczC2dnXiQ"})").value(), "fOF8Cqj0QPKbvczC2dnXiQ");
  EXPECT_FALSE(parse_indexed_task(R"({"taskId": "../x"})").ok());
}

TEST(S3Credentials, AreForAPrefixOfABucket) {
  S3Request request{.bucket = "telemetry", .prefix = "pings/2026 a/"};
  Deployment deployment("{}", {scope_of(request)});
  auto credentials = s3_credentials(*deployment.api, request, {});
  ASSERT_TRUE(credentials.ok()) << credentials.error().message;
  EXPECT_EQ(credentials.value().access_key_id, "ASIAFAKE");
  EXPECT_EQ(credentials.value().session_token.reveal(), "read-only:telemetry/pings/2026 a/");
  EXPECT_TRUE(credentials.value().expires.has_value());
  request.writes = true;
  auto refused = s3_credentials(*deployment.api, request, {});
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(refused.error().message, HasSubstr(scope_of(request)));
}

TEST(S3Credentials, AreNotAskedForWhereTheyCannotBe) {
  Deployment deployment;
  EXPECT_EQ(s3_credentials(*deployment.api, {.bucket = "a.b.c", .prefix = ""}, {}).error().kind, ErrorKind::kBadInput);
  EXPECT_FALSE(s3_credentials(*deployment.api, {.bucket = "abc", .prefix = "/a/"}, {}).ok());
  EXPECT_FALSE(s3_credentials(*deployment.api, {.bucket = "abc", .prefix = "a"}, {}).ok());
  EXPECT_TRUE(deployment.requests().empty());
  EXPECT_EQ(s3_credentials(*deployment.api, {.bucket = "unknown", .prefix = ""}, {}).error().kind,
            ErrorKind::kNotFound);
  EXPECT_TRUE(s3_credentials(*deployment.api, {.bucket = "abc", .prefix = ""}, {}).ok());
}

TEST(ServiceAnswers, AreRefusedWithTheFieldThatIsWrongAndNoValue) {
  auto credentials = parse_s3_credentials(
      R"({"credentials":{"accessKeyId":"hidden","secretAccessKey":"hidden"},"expires":"2026-11-24T06:37:26.764Z"})");
  EXPECT_THAT(credentials.error().message, HasSubstr("credentials.sessionToken is missing"));
  EXPECT_THAT(credentials.error().message, Not(HasSubstr("hidden")));
  for (const char* text : {"OK", "{}", R"({"scopes":"a"})", R"({"scopes":[1]})", R"({"secret":"hidden"})"}) {
    EXPECT_FALSE(parse_scopes(text).ok()) << text;
    EXPECT_FALSE(parse_secret(text).ok()) << text;
    EXPECT_FALSE(parse_indexed_task(text).ok()) << text;
    EXPECT_FALSE(parse_s3_credentials(text).ok()) << text;
  }
}

TEST(ClockDifference, IsWhatTheAnswersSay) {
  Deployment deployment(R"({"clock_offset": -1200})");
  auto difference = clock_difference(*deployment.api, {});
  ASSERT_TRUE(difference.ok()) << difference.error().message;
  EXPECT_NEAR(static_cast<double>(difference.value()->count()), -1200, 100);
}

}  // namespace
}  // namespace quern::taskcluster

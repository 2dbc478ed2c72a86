#include "services/s3/sts.h"
#include "services/s3/answers_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <string>

#include "fakes/fault_server.h"
#include "services/s3/fake_client_for_test.h"
#include "services/s3/store.h"

namespace quern::s3 {
namespace {

using testing::HasSubstr;
using testing::Not;

std::unique_ptr<CredentialProvider> provider_with(std::string token = "") {
  return make_fixed_provider({.access_key_id = "AKIDEXAMPLE",
                              .secret_access_key = Secret(std::string("VERYSECRET")),
                              .session_token = Secret(std::move(token)),
                              .source = "the test"},
                             today);
}

TEST(PolicyFor, AllowsReadingTheseObjectsAndNothingElse) {
  auto policy =
      policy_for({{.bucket = "data", .prefix = "p/"}, {.bucket = "data", .prefix = "p/"}, {.bucket = "all"}}, "");
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy.value(),
            R"({"Version":"2012-10-17","Statement":[)"
            R"({"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::all/*","arn:aws:s3:::data/p/*"]},)"
            R"({"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::all",)"
            R"("Condition":{"StringLike":{"s3:prefix":["*"]}}},)"
            R"({"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::data",)"
            R"("Condition":{"StringLike":{"s3:prefix":["p/*"]}}}]})");
}

TEST(PolicyFor, TakesWildcardsInPrefixesAsTheyAre) {
  auto policy = policy_for({{.bucket = "data", .prefix = "a*b?c$d\""}}, "cn-north-1");
  ASSERT_TRUE(policy.ok());
  EXPECT_THAT(policy.value(), HasSubstr(R"("arn:aws-cn:s3:::data/a${*}b${?}c${$}d\"*")"));
}

TEST(PolicyFor, NamesThePartitionOfTheRegion) {
  for (const auto& [region, partition] : std::map<std::string, std::string>{{"us-gov-east-1", "aws-us-gov"},
                                                                            {"eusc-de-east-1", "aws-eusc"},
                                                                            {"us-iso-west-1", "aws-iso"},
                                                                            {"us-isob-east-1", "aws-iso-b"},
                                                                            {"eu-isoe-west-1", "aws-iso-e"},
                                                                            {"eu-isof-x-1", "aws-iso-f"},
                                                                            {"ap-south-1", "aws"}}) {
    EXPECT_THAT(policy_for({{.bucket = "data", .prefix = ""}}, region).value(),
                HasSubstr("\"arn:" + partition + ":s3:::data/*"));
  }
}

TEST(PolicyFor, RefusesWhatAwsWouldNotTake) {
  EXPECT_THAT(policy_for({}, "").error().message, HasSubstr("there is no bucket to allow"));
  EXPECT_FALSE(policy_for({{.bucket = "a*", .prefix = ""}}, "").ok());
  EXPECT_THAT(policy_for({{.bucket = "data", .prefix = std::string(1000, 'x')}}, "").error().message,
              HasSubstr("and AWS takes 2048; name fewer or shorter prefixes"));
}

FederationRequest some_request() {
  return {.name = "quern", .policy = R"({"a": "b c"})", .duration = std::chrono::hours(2), .region = "eu-west-1"};
}

TEST(Federate, SignsForStsAndReadsItsAnswer) {
  http::FakeClient client([](const http::Request&) -> Result<http::Response> {
    return http::Response{
        .head = {.status = 200},
        .body =
            "<GetFederationTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            "<GetFederationTokenResult><Credentials><SessionToken>tok/en==</SessionToken>"
            "<SecretAccessKey>new/secret</SecretAccessKey><Expiration>2026-11-05T10:00:00.000Z</Expiration>"
            "<AccessKeyId>ASIANEW</AccessKeyId></Credentials></GetFederationTokenResult>"
            "</GetFederationTokenResponse>"};
  });
  auto credentials = federate(client, *provider_with(), some_request(), today, {});
  ASSERT_TRUE(credentials.ok()) << credentials.error().message;
  EXPECT_EQ(credentials.value().access_key_id, "ASIANEW");
  EXPECT_EQ(credentials.value().secret_access_key.reveal(), "new/secret");
  EXPECT_EQ(credentials.value().session_token.reveal(), "tok/en==");
  EXPECT_EQ(credentials.value().expires, today() + std::chrono::hours(2));
  const http::Request& asked = client.asked.at(0);
  EXPECT_EQ(asked.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(asked.body,
            "Action=GetFederationToken&Version=2011-06-15&Name=quern&DurationSeconds=7200"
            "&Policy=%7B%22a%22%3A%20%22b%20c%22%7D");
  EXPECT_THAT(asked.headers.back().value, HasSubstr("Credential=AKIDEXAMPLE/20261105/eu-west-1/sts/aws4_request"));
  FederationRequest other = some_request();
  other.region = "eusc-de-east-1";
  ASSERT_TRUE(federate(client, *provider_with(), other, today, {}).ok());
  EXPECT_EQ(client.asked.at(1).url, "https://sts.eusc-de-east-1.amazonaws.eu/");
}

TEST(Federate, RefusesWhatCannotWork) {
  http::FakeClient client([](const http::Request&) -> Result<http::Response> {
    return http::Response{.head = {.status = 200}, .body = "<x><SecretAccessKey>HIDDEN</SecretAccessKey></x>"};
  });
  struct Row {
    const char* name;
    std::function<void(FederationRequest&)> change;
    const char* message;
  };
  for (const Row& row : {
           Row{"name", [](auto& r) { r.name = "a b"; }, "the name of the session"},
           Row{"short name", [](auto& r) { r.name = "a"; }, "the name of the session"},
           Row{"too short", [](auto& r) { r.duration = std::chrono::seconds(899); }, "15 minutes to 36 hours"},
           Row{"too long", [](auto& r) { r.duration = std::chrono::hours(37); }, "15 minutes to 36 hours"},
           Row{"region", [](auto& r) { r.region = "x/y"; }, "is not a region of AWS"},
           Row{"endpoint", [](auto& r) { r.endpoint = "sts"; }, "AWS_ENDPOINT_URL_STS: "},
           Row{"answer", [](auto&) {}, "holds no complete credentials"},
       }) {
    FederationRequest request = some_request();
    row.change(request);
    auto credentials = federate(client, *provider_with(), request, today, {});
    ASSERT_FALSE(credentials.ok()) << row.name;
    EXPECT_THAT(credentials.error().message, AllOf(HasSubstr(row.message), Not(HasSubstr("HIDDEN")))) << row.name;
  }
  EXPECT_THAT(federate(client, *make_anonymous_provider(), some_request(), today, {}).error().message,
              HasSubstr("there are no credentials to ask with"));
  EXPECT_THAT(federate(client, *provider_with("token"), some_request(), today, {}).error().message,
              HasSubstr("only to the long-term keys of a user"));
}

TEST(AssumeRole, SaysWhatIsMissing) {
  http::FakeClient client([](const http::Request&) -> Result<http::Response> {
    return http::Response{.head = {.status = 200}, .body = "<x/>"};
  });
  const RoleRequest request{.arn = "arn:r", .session_name = "me", .region = "eu-west-1"};
  EXPECT_THAT(assume_role(client, *make_anonymous_provider(), request, today, {}).error().message,
              HasSubstr("AssumeRole at https://sts.eu-west-1.amazonaws.com/: there are no credentials to ask with"));
  EXPECT_THAT(assume_role(client, *provider_with("temporary"), request, today, {}).error().message,
              HasSubstr("holds no complete credentials"));
  EXPECT_EQ(client.asked.at(0).body, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=me");
}

TEST(Federate, GivesCredentialsThatAServerTakes) {
  fakes::FaultServer server(R"({"keys": {"AKIDEXAMPLE": {"secret": "VERYSECRET"}},
                                "buckets": {"data": {"objects": {"k": {"text": "x"}}}}})",
                            "s3_server.py");
  auto client = http::make_client({.retry = {.attempts = 1}}).value();
  Clock now = std::chrono::system_clock::now;
  FederationRequest request = some_request();
  request.region = "us-east-1";
  request.endpoint = server.url("");
  request.policy = policy_for({{.bucket = "data", .prefix = ""}}, request.region).value();
  auto credentials = federate(*client, *provider_with(), request, now, {});
  ASSERT_TRUE(credentials.ok()) << credentials.error().message;
  auto provider = make_fixed_provider(std::move(credentials).value(), now);
  auto store = make_store({.address = {.endpoint = server.url("")}}, *client, *provider, now);
  auto object = store.value()->head("data", "k", {});
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_TRUE(object.value().has_value());

  request.region = "eu-west-1";
  auto refused = federate(*client, *provider_with(), request, now, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("GetFederationToken at http://127.0.0.1:"));
}

}  // namespace
}  // namespace quern::s3

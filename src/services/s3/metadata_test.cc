#include "services/s3/metadata.h"
#include "services/s3/answers_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "services/s3/fake_client_for_test.h"

namespace quern::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Metadata : public testing::Test {
 protected:
  // The text of the answer becomes the key id; the credentials expire at `expires_`.
  std::unique_ptr<CredentialProvider> make() {
    auto provider = make_metadata_provider(options());
    EXPECT_TRUE(provider.ok()) << provider.error().message;
    return std::move(provider).value();
  }
  MetadataOptions options() {
    MetadataOptions result;
    result.environment = [this](const char* name) {
      auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    };
    result.now = [this] { return now_; };
    result.parse = [this](std::string_view json, std::string_view source) -> Result<AwsCredentials> {
      if (json == "bad") return Error{.kind = ErrorKind::kBadInput, .message = std::string(source) + ": bad"};
      return AwsCredentials{.access_key_id = std::string(json),
                            .secret_access_key = Secret(std::string("secret")),
                            .expires = expires_,
                            .source = std::string(source)};
    };
    result.make_client = [this](const http::ClientOptions& own) -> Result<std::unique_ptr<http::Client>> {
      EXPECT_FALSE(own.uses_proxies);
      EXPECT_LE(own.timeouts.total, std::chrono::seconds(1));
      return std::unique_ptr<http::Client>(std::make_unique<http::FakeClient>([this](const http::Request& request) {
        asked_.push_back(request.method + " " + request.url);
        return server_(request);
      }));
    };
    return result;
  }
  static std::string current(CredentialProvider& provider) {
    auto credentials = provider.current({});
    if (!credentials.ok()) return credentials.error().message;
    return credentials.value() == nullptr ? "none" : credentials.value()->access_key_id;
  }
  // An instance with the role "reader".
  Result<http::Response> instance(const http::Request& request) const {
    if (request.method == "PUT" && request.url.ends_with("/latest/api/token")) return answer(200, "TOKEN");
    EXPECT_EQ(header_of(request, "X-aws-ec2-metadata-token"), "TOKEN");
    if (request.url.ends_with("/security-credentials/")) return answer(200, "reader\n");
    if (request.url.ends_with("/security-credentials/reader")) return answer(200, answer_);
    return answer(404);
  }

  std::map<std::string, std::string> environment_;
  UtcTime now_ = parse_utc("2026-11-05T08:00:00Z").value();
  UtcTime expires_ = now_ + std::chrono::hours(1);
  std::string answer_ = "ASIAONE";
  std::function<Result<http::Response>(const http::Request&)> server_ = [this](const http::Request& r) {
    return instance(r);
  };
  std::vector<std::string> asked_;
};

TEST_F(Metadata, AsksTheInstanceWhenTheFirstCredentialsAreNeeded) {
  auto provider = make();
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(current(*provider), "ASIAONE");
  EXPECT_EQ(current(*provider), "ASIAONE");
  EXPECT_THAT(asked_, ElementsAre("PUT http://169.254.169.254/latest/api/token",
                                  "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                                  "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/reader"));
}

TEST_F(Metadata, RefreshesBeforeTheEndAndBearsWithFailuresUntilThen) {
  auto provider = make();
  EXPECT_EQ(current(*provider), "ASIAONE");
  answer_ = "ASIATWO";
  now_ = expires_ - std::chrono::minutes(5) - std::chrono::seconds(1);
  EXPECT_EQ(current(*provider), "ASIAONE");
  server_ = [](const http::Request&) -> Result<http::Response> {
    return Error{.kind = ErrorKind::kRetry, .message = "timed out"};
  };
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(current(*provider), "ASIAONE");
  std::size_t asked = asked_.size();
  now_ += std::chrono::seconds(10);
  EXPECT_EQ(current(*provider), "ASIAONE");
  EXPECT_EQ(asked_.size(), asked) << "asked again without a pause";
  now_ = expires_ - std::chrono::seconds(30);
  EXPECT_EQ(current(*provider), "asking the instance's metadata for credentials: timed out");
  EXPECT_THAT(current(*provider), HasSubstr("expire at 2026-11-05T09:00:00Z, in 30 seconds"));
  now_ += std::chrono::minutes(1);
  expires_ = now_ + std::chrono::hours(1);
  server_ = [this](const http::Request& request) { return instance(request); };
  EXPECT_EQ(current(*provider), "ASIATWO");
}

TEST_F(Metadata, HasNothingWhereNoInstanceAnswers) {
  struct Row {
    const char* name;
    std::function<Result<http::Response>(const http::Request&)> server;
  };
  for (const Row& row : {
           Row{"nobody there",
               [](const http::Request&) -> Result<http::Response> {
                 return Error{.kind = ErrorKind::kRetry, .message = "no route to host"};
               }},
           Row{"another kind of cloud", [](const http::Request&) { return answer(405); }},
           Row{"no role",
               [](const http::Request& request) { return request.method == "PUT" ? answer(200, "T") : answer(404); }},
       }) {
    asked_.clear();
    server_ = row.server;
    auto provider = make();
    EXPECT_EQ(current(*provider), "none") << row.name;
    std::size_t asked = asked_.size();
    EXPECT_EQ(current(*provider), "none") << row.name;
    EXPECT_EQ(asked_.size(), asked) << row.name;
  }
}

TEST_F(Metadata, AsksNobodyWhereItIsDisabled) {
  environment_ = {{"AWS_EC2_METADATA_DISABLED", "True"}};
  EXPECT_EQ(make(), nullptr);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(Metadata, AsksTheInstanceWhereTheEnvironmentSays) {
  environment_ = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]/"}};
  EXPECT_EQ(current(*make()), "ASIAONE");
  EXPECT_EQ(asked_.at(0), "PUT http://[fd00:ec2::254]/latest/api/token");
}

TEST_F(Metadata, SaysWhatItCouldNotReadOfTheInstance) {
  answer_ = "bad";
  EXPECT_EQ(current(*make()), "the instance's role reader: bad");
}

TEST_F(Metadata, AsksTheContainerFirst) {
  environment_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"},
                  {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc"}};
  server_ = [](const http::Request& request) {
    EXPECT_EQ(header_of(request, "Authorization"), "Basic abc");
    return answer(200, "ASIACONTAINER");
  };
  EXPECT_EQ(current(*make()), "ASIACONTAINER");
  EXPECT_THAT(asked_, ElementsAre("GET http://169.254.170.2/v2/credentials/x"));
}

TEST_F(Metadata, ReadsTheAuthorizationOfAContainerAnewEachTime) {
  std::string path = "/tmp/metadata_test.XXXXXX";
  Fd file(::mkstemp(path.data()));
  ASSERT_TRUE(write_all(file, "first\n").ok());
  environment_ = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
                  {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path}};
  server_ = [](const http::Request& request) { return answer(200, header_of(request, "Authorization")); };
  auto provider = make();
  EXPECT_EQ(current(*provider), "first");
  ASSERT_EQ(::ftruncate(file.number(), 0), 0);
  ASSERT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  ASSERT_TRUE(write_all(file, "second").ok());
  now_ = expires_ - std::chrono::minutes(2);
  expires_ += std::chrono::hours(1);
  EXPECT_EQ(current(*provider), "second");
  ::unlink(path.c_str());
  now_ = expires_;
  EXPECT_THAT(current(*provider), HasSubstr("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "));
}

TEST_F(Metadata, DoesNotGoOnWhereAContainersEndpointFails) {
  environment_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}};
  server_ = [](const http::Request&) { return answer(403); };
  EXPECT_THAT(current(*make()), HasSubstr("asking the container's endpoint for credentials: "));
}

TEST_F(Metadata, SendsAnAuthorizationOnlyToWhoIsNear) {
  for (const char* good : {"https://elsewhere.test/x", "http://localhost:1/x", "http://127.1.2.3/", "http://[::1]:80/x",
                           "http://169.254.170.2/x", "http://[fd00:ec2::23]/v1"}) {
    environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = good;
    EXPECT_TRUE(make_metadata_provider(options()).ok()) << good;
  }
  for (const char* bad : {"http://elsewhere.test/x", "http://127.evil.test/", "ftp://localhost/", "localhost"}) {
    environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = bad;
    auto provider = make_metadata_provider(options());
    ASSERT_FALSE(provider.ok()) << bad;
    EXPECT_EQ(provider.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(provider.error().message, HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
  }
}

}  // namespace
}  // namespace quern::s3

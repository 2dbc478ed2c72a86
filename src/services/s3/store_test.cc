#include "services/s3/store.h"
#include "services/s3/answers_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/s3/fake_client_for_test.h"
#include "services/s3/signer.h"

namespace quern::s3 {
namespace {

using http::FakeClient;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

AwsCredentials some_credentials() {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = Secret(std::string("VERYSECRET")),
          .source = "AWS_ACCESS_KEY_ID"};
}

http::Response refusal(int status, const std::string& code, const std::string& more = "",
                       const std::string& message = "No.") {
  return answer(status,
                "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message + "</Message>" + more +
                    "<RequestId>R1</RequestId></Error>",
                {{.name = "date", .value = "Thu, 05 Nov 2026 07:40:00 GMT"}});
}

std::string page(const std::string& contents, const std::string& next = "") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>" +
         contents + "<IsTruncated>" + (next.empty() ? "false" : "true") + "</IsTruncated>" +
         (next.empty() ? "" : "<NextContinuationToken>" + next + "</NextContinuationToken>") + "</ListBucketResult>";
}
std::string object(const std::string& key, int size) {
  return "<Contents><Key>" + key + "</Key><ETag>&quot;e" + std::to_string(size) + "&quot;</ETag><Size>" +
         std::to_string(size) + "</Size></Contents>";
}

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> store(FakeClient& client, StoreOptions options = {}) {
    return make_store(std::move(options), client, *provider_, today).value();
  }
  static Result<std::vector<Object>> list(Store& store, const ListRequest& request) {
    std::vector<Object> objects;
    auto take = [&](const Object& each) -> Result<void> {
      objects.push_back(each);
      return {};
    };
    TRY(store.list(request, take, {}));
    return objects;
  }
  // The error of listing if the server refuses with this answer.
  std::string message_of(const http::Response& response, ErrorKind* kind = nullptr) {
    FakeClient client([&](const http::Request&) -> Result<http::Response> { return response; });
    auto own = store(client);
    auto outcome = list(*own, {.bucket = "data", .prefix = "p/"});
    if (outcome.ok()) return "no error";
    if (kind != nullptr) *kind = outcome.error().kind;
    return outcome.error().message;
  }

  std::unique_ptr<CredentialProvider> provider_ = make_fixed_provider(some_credentials(), today);
};

TEST_F(StoreTest, ListsPageByPage) {
  FakeClient client([](const http::Request& request) -> Result<http::Response> {
    if (request.url.find("continuation-token=") == std::string::npos)
      return answer(200, page(object("p/a", 1), "x/+="));
    return answer(200, page(object("p/b+%C3%A9", 2)));
  });
  auto own = store(client);
  auto objects = list(*own, {.bucket = "data", .prefix = "p/"});
  ASSERT_TRUE(objects.ok()) << objects.error().message;
  EXPECT_THAT(objects.value(), ElementsAre(Object{"p/a", 1, "\"e1\""}, Object{"p/b \xc3\xa9", 2, "\"e2\""}));
  ASSERT_EQ(client.asked.size(), 2U);
  EXPECT_EQ(client.asked[0].url, "https://data.s3.us-east-1.amazonaws.com/?encoding-type=url&list-type=2&prefix=p%2F");
  EXPECT_EQ(client.asked[1].url,
            "https://data.s3.us-east-1.amazonaws.com/"
            "?continuation-token=x%2F%2B%3D&encoding-type=url&list-type=2&prefix=p%2F");
  EXPECT_THAT(client.asked[0].headers.back().value, HasSubstr("Credential=AKIDEXAMPLE/20261105/us-east-1/s3"));
}

TEST_F(StoreTest, AsksForOneLevelOnly) {
  FakeClient client([](const http::Request&) -> Result<http::Response> {
    return answer(200, page(object("a", 1) + "<CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes>"));
  });
  auto own = store(client);
  auto objects = list(*own, {.bucket = "data", .delimiter = "/"});
  ASSERT_TRUE(objects.ok());
  EXPECT_THAT(objects.value(), ElementsAre(Object{"a", 1, "\"e1\""}));
  EXPECT_THAT(client.asked[0].url, HasSubstr("/?delimiter=%2F&"));
}

TEST_F(StoreTest, EndsWithTheErrorOfWhoTakes) {
  FakeClient client([](const http::Request&) -> Result<http::Response> {
    return answer(200, page(object("a", 1) + object("b", 2), "more"));
  });
  auto own = store(client);
  std::size_t count = 0;
  auto take = [&](const Object&) -> Result<void> {
    ++count;
    return Error{.kind = ErrorKind::kStopped, .message = "enough"};
  };
  auto outcome = own->list({.bucket = "data"}, take, {});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "enough");
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(client.asked.size(), 1U);
}

TEST_F(StoreTest, RefusesAListThatIsNone) {
  struct Row {
    const char* name;
    std::string body;
    const char* message;
  };
  for (const Row& row : {
           Row{"no XML", "hello", "the answer is not XML"},
           Row{"empty", "", "the answer is not XML"},
           Row{"HTML", "<html><body/></html>", "but no list of objects"},
           Row{"truncated", "<ListBucketResult><Contents>", "the answer is not XML"},
           Row{"no key", page("<Contents><Size>1</Size></Contents>"), "one without a readable key"},
           Row{"bad escape", page(object("%zz", 1)), "one without a readable key"},
           Row{"no size", page("<Contents><Key>k</Key></Contents>"), "no size for k"},
           Row{"bad size", page("<Contents><Key>k</Key><Size>-1</Size></Contents>"), "no size for k"},
           Row{"no token", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
               "does not say where"},
           Row{"endless", page("", "same"), "the same page again and again"},
       }) {
    ErrorKind kind = ErrorKind::kInternal;
    EXPECT_THAT(message_of(answer(200, row.body), &kind),
                AllOf(HasSubstr("listing s3://data/p/: "), HasSubstr(row.message)))
        << row.name;
    EXPECT_EQ(kind, ErrorKind::kBadInput) << row.name;
  }
}

TEST_F(StoreTest, TakesKeysAsTheyAreWhereTheServerDoesNotEncode) {
  FakeClient client([](const http::Request&) -> Result<http::Response> {
    return answer(200,
                  "<ListBucketResult><Contents><Key>a+%41 &amp;</Key><Size>7</Size></Contents></ListBucketResult>");
  });
  auto own = store(client);
  auto objects = list(*own, {.bucket = "data"});
  ASSERT_TRUE(objects.ok());
  EXPECT_THAT(objects.value(), ElementsAre(Object{"a+%41 &", 7, ""}));
}

TEST_F(StoreTest, SaysWhatToDoAboutARefusal) {
  struct Row {
    const char* name;
    http::Response response;
    ErrorKind kind;
    const char* message;
  };
  for (const Row& row : {
           Row{"bucket", refusal(404, "NoSuchBucket"), ErrorKind::kNotFound, "there is no bucket data; check its name"},
           Row{"denied", refusal(403, "AccessDenied"), ErrorKind::kDenied,
               "the credentials of AWS_ACCESS_KEY_ID (AKIDEXAMPLE) lack the permission s3:ListBucket"},
           Row{"key of KMS",
               refusal(403, "AccessDenied", "",
                       "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: arn:k"),
               ErrorKind::kDenied,
               "(AKIDEXAMPLE) lack the permission kms:Decrypt (HTTP status 403, AccessDenied: User:"},
           Row{"disabled key", refusal(400, "KMS.DisabledException"), ErrorKind::kDenied, "the KMS key"},
           Row{"archived", refusal(403, "InvalidObjectState"), ErrorKind::kDenied, "restore it first"},
           Row{"requesters pay", refusal(403, "AccessDenied"), ErrorKind::kDenied, "downloads.requester_pays"},
           Row{"expired", refusal(400, "ExpiredToken"), ErrorKind::kDenied, "have expired; get new ones"},
           Row{"clock", refusal(403, "RequestTimeTooSkewed"), ErrorKind::kDenied,
               "this machine's clock is 20 minutes ahead of the server's; set it"},
           Row{"secret", refusal(403, "SignatureDoesNotMatch"), ErrorKind::kDenied, "is not the one that belongs"},
           Row{"key id", refusal(403, "InvalidAccessKeyId"), ErrorKind::kDenied, "does not know the key id"},
           Row{"busy", refusal(503, "SlowDown"), ErrorKind::kRetry, "try again later"},
           Row{"other", refusal(400, "Odd"), ErrorKind::kBadInput, "HTTP status 400, Odd: No (request id R1)"},
           Row{"no document", answer(403, ""), ErrorKind::kDenied, "HTTP status 403"},
       }) {
    ErrorKind kind = ErrorKind::kInternal;
    EXPECT_THAT(message_of(row.response, &kind),
                AllOf(HasSubstr("listing s3://data/p/: "), HasSubstr(row.message), Not(HasSubstr("VERYSECRET"))))
        << row.name;
    EXPECT_EQ(kind, row.kind) << row.name;
  }
}

TEST_F(StoreTest, ExplainsTheRefusalOfAnObject) {
  FakeClient client([](const http::Request&) -> Result<http::Response> { return answer(200, ""); });
  auto own = store(client, {.requester_pays = true});
  Error denied = own->explain(refusal(403, "AccessDenied"), "data");
  EXPECT_EQ(denied.kind, ErrorKind::kDenied);
  EXPECT_EQ(denied.code, 403);
  EXPECT_THAT(denied.message, AllOf(HasSubstr("lack the permission s3:GetObject"), Not(HasSubstr("requester"))));
  EXPECT_THAT(own->explain(refusal(400, "ExpiredToken"), "data").message, HasSubstr("have expired; get new ones"));
}

TEST_F(StoreTest, PaysAsARequesterWhereItIsTold) {
  FakeClient client([](const http::Request& request) -> Result<http::Response> {
    return answer(200, request.method == "HEAD" ? "" : page(""), {{.name = "content-length", .value = "1"}});
  });
  auto own = store(client, {.requester_pays = true});
  ASSERT_TRUE(list(*own, {.bucket = "data"}).ok());
  ASSERT_TRUE(own->head("data", "k", {}).ok());
  http::Request get = own->object_request("data", "k", {}).value().request;
  ASSERT_TRUE(own->object_request("data", "k", {}).value().signer->sign(get).ok());
  for (const http::Request& request : {client.asked[0], client.asked[1], get}) {
    EXPECT_THAT(request.headers, Contains(AllOf(Field(&http::Header::name, "x-amz-request-payer"),
                                                Field(&http::Header::value, "requester"))));
    EXPECT_THAT(request.headers.back().value, HasSubstr(";x-amz-request-payer"));
  }
}

TEST_F(StoreTest, TellsAnAnonymousUserToNameCredentials) {
  provider_ = make_anonymous_provider();
  EXPECT_THAT(message_of(refusal(403, "AccessDenied")),
              HasSubstr("an anonymous request may not s3:ListBucket here; name credentials"));
}

// A bucket that answers in only one region.
http::Response in_region(const http::Request& request, const std::string& region, const http::Response& redirect) {
  bool is_there = request.url.find("." + region + ".") != std::string::npos &&
                  request.headers.back().value.find("/" + region + "/") != std::string::npos;
  return is_there ? answer(200, page(object("a", 1)), {{.name = "content-length", .value = "5"}}) : redirect;
}

TEST_F(StoreTest, FollowsABucketToItsRegionAndRemembersIt) {
  for (const http::Response& redirect : {answer(301, "", {{.name = "x-amz-bucket-region", .value = "eu-west-1"}}),
                                         refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")}) {
    FakeClient client([&](const http::Request& request) -> Result<http::Response> {
      return in_region(request, "eu-west-1", redirect);
    });
    auto own = store(client);
    EXPECT_TRUE(list(*own, {.bucket = "data"}).ok());
    EXPECT_TRUE(list(*own, {.bucket = "data"}).ok());
    EXPECT_EQ(client.asked.size(), 3U);
    auto object = own->object_request("data", "k", {});
    ASSERT_TRUE(object.ok());
    EXPECT_EQ(object.value().request.url, "https://data.s3.eu-west-1.amazonaws.com/k");
    EXPECT_EQ(client.asked.size(), 3U);
  }
}

TEST_F(StoreTest, FollowsOnlyOnce) {
  std::size_t count = 0;
  FakeClient client([&](const http::Request&) -> Result<http::Response> {
    return answer(301, "", {{.name = "x-amz-bucket-region", .value = "region-" + std::to_string(++count)}});
  });
  auto own = store(client);
  auto outcome = list(*own, {.bucket = "data"});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::kBadConfig);
  EXPECT_THAT(outcome.error().message, HasSubstr("it belongs to the region region-2, and was asked for in region-1"));
  EXPECT_EQ(count, 2U);
}

TEST_F(StoreTest, DoesNotFollowToWhatIsNoRegion) {
  FakeClient client([&](const http::Request&) -> Result<http::Response> {
    return answer(301, "", {{.name = "x-amz-bucket-region", .value = "evil.test/"}});
  });
  auto own = store(client);
  EXPECT_FALSE(list(*own, {.bucket = "data"}).ok());
  EXPECT_EQ(client.asked.size(), 1U);
}

TEST_F(StoreTest, LearnsTheRegionOfABucketBeforeItsFirstObject) {
  FakeClient client([](const http::Request& request) -> Result<http::Response> {
    return in_region(request, "eu-west-1", answer(301, "", {{.name = "x-amz-bucket-region", .value = "eu-west-1"}}));
  });
  auto own = store(client);
  for (const char* key : {"a b", "c"}) {
    auto object = own->object_request("data", key, {});
    ASSERT_TRUE(object.ok());
    EXPECT_THAT(object.value().request.url, HasSubstr("data.s3.eu-west-1.amazonaws.com/"));
    EXPECT_THAT(object.value().request.headers, ElementsAre(AllOf(Field(&http::Header::name, "x-amz-checksum-mode"),
                                                                  Field(&http::Header::value, "ENABLED"))));
    ASSERT_TRUE(object.value().signer->sign(object.value().request).ok());
    EXPECT_THAT(object.value().request.headers.back().value, HasSubstr("/eu-west-1/s3/"));
  }
  EXPECT_EQ(client.asked.size(), 2U);
}

TEST_F(StoreTest, KnowsTheSizeOfAnObject) {
  FakeClient client([](const http::Request& request) -> Result<http::Response> {
    EXPECT_EQ(request.method, "HEAD");
    EXPECT_EQ(request.url, "http://localhost:9000/data/k%20%2B");
    return answer(200, "", {{.name = "content-length", .value = "123"}, {.name = "etag", .value = "\"x\""}});
  });
  auto own = store(client, {.address = {.endpoint = "http://localhost:9000"}});
  auto object = own->head("data", "k +", {});
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_EQ(object.value(), (Object{"k +", 123, "\"x\""}));
}

TEST_F(StoreTest, KnowsThatAnObjectIsMissing) {
  FakeClient client([](const http::Request&) -> Result<http::Response> { return answer(404, ""); });
  auto own = store(client);
  auto object = own->head("data", "k", {});
  ASSERT_TRUE(object.ok());
  EXPECT_FALSE(object.value().has_value());
}

TEST_F(StoreTest, AsksForAByteToLearnWhyAHeadIsRefused) {
  auto head_only = [](http::Response get) {
    return [get = std::move(get)](const http::Request& request) -> Result<http::Response> {
      if (request.method == "HEAD") return answer(403, "");
      return get;
    };
  };
  FakeClient denied(head_only(refusal(403, "RequestTimeTooSkewed")));
  auto outcome = store(denied)->head("data", "k", {});
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message, HasSubstr("s3://data/k: this machine's clock is 20 minutes ahead"));

  FakeClient served(head_only(answer(206, "x", {{.name = "content-range", .value = "bytes 0-0/77"}})));
  EXPECT_EQ(store(served)->head("data", "k", {}).value(), (Object{"k", 77, ""}));
  FakeClient empty(head_only(answer(416, "", {{.name = "content-range", .value = "bytes */0"}})));
  EXPECT_EQ(store(empty)->head("data", "k", {}).value(), (Object{"k", 0, ""}));
  FakeClient missing(head_only(refusal(404, "NoSuchKey")));
  EXPECT_FALSE(store(missing)->head("data", "k", {}).value().has_value());
}

TEST_F(StoreTest, StopsBeforeTheFirstRefusalWhereCredentialsExpired) {
  AwsCredentials old = some_credentials();
  old.expires = today() - std::chrono::hours(3);
  provider_ = make_fixed_provider(std::move(old), today);
  ErrorKind kind = ErrorKind::kInternal;
  EXPECT_THAT(message_of(answer(200, page("")), &kind),
              HasSubstr("the credentials of AWS_ACCESS_KEY_ID expired at 2026-11-05T05:00:00Z, 3 hours ago"));
  EXPECT_EQ(kind, ErrorKind::kDenied);
}

TEST_F(StoreTest, RefusesOptionsThatAreWrong) {
  FakeClient client([](const http::Request&) -> Result<http::Response> { return answer(200, ""); });
  EXPECT_FALSE(make_store({.address = {.endpoint = "localhost"}}, client, *provider_, today).ok());
  EXPECT_FALSE(make_store({.region = "a/b"}, client, *provider_, today).ok());
}

}  // namespace
}  // namespace quern::s3

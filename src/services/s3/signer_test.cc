#include "services/s3/signer.h"
#include "services/s3/answers_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quern::s3 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

AwsCredentials make_credentials(const std::string& key_id, std::string secret, std::string token = "") {
  return {.access_key_id = key_id,
          .secret_access_key = Secret(std::move(secret)),
          .session_token = Secret(std::move(token)),
          .source = "the test"};
}

// From AWS's public documentation: "Signature Calculations for the Authorization Header" and "Authenticating Requests:
// Using Query Parameters" in the API reference of S3.
AwsCredentials example() {
  return make_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
}
UtcTime example_day() { return parse_utc("2013-05-24T00:00:00Z").value(); }

TEST(SigV4, SignsTheExamplesOfTheDocumentationOfS3) {
  struct Row {
    const char* name;
    http::Request request;
    const char* signature;
  };
  const Row rows[] = {
      {"GET Object",
       {.url = "https://examplebucket.s3.amazonaws.com/test.txt", .headers = {{.name = "Range", .value = "bytes=0-9"}}},
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT Object",
       {.method = "PUT",
        .url = "https://examplebucket.s3.amazonaws.com/test%24file.text",
        .headers = {{.name = "Date", .value = "Fri, 24 May 2013 00:00:00 GMT"},
                    {.name = "x-amz-storage-class", .value = "REDUCED_REDUNDANCY"}},
        .body = "Welcome to Amazon S3."},
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET Bucket Lifecycle",
       {.url = "https://examplebucket.s3.amazonaws.com/?lifecycle"},
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"List Objects",
       {.url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"},
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Row& row : rows) {
    SigV4 signature(for_s3("us-east-1"));
    http::Request request = row.request;
    ASSERT_TRUE(signature.sign(request, example(), example_day()).ok()) << row.name;
    EXPECT_THAT(header_of(request, "Authorization"), EndsWith(std::string("Signature=") + row.signature)) << row.name;
    EXPECT_EQ(header_of(request, "x-amz-date"), "20130524T000000Z");
  }
}

TEST(SigV4, NamesWhatItSigned) {
  SigV4 signature(for_s3("us-east-1"));
  http::Request request{.url = "https://examplebucket.s3.amazonaws.com/test.txt",
                        .headers = {{.name = "Range", .value = "bytes=0-9"}, {.name = "User-Agent", .value = "me"}}};
  ASSERT_TRUE(signature.sign(request, example(), example_day()).ok());
  EXPECT_EQ(header_of(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, PresignsTheExampleOfTheDocumentationOfS3) {
  SigV4 signature(for_s3("us-east-1"));
  auto url = signature.presign({.url = "https://examplebucket.s3.amazonaws.com/test.txt"}, example(), example_day(),
                               std::chrono::hours(24));
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url.value(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, ReplacesWhatAnEarlierAttemptAdded) {
  SigV4 signature(for_s3("us-east-1"));
  AwsCredentials credentials = make_credentials("AKIDEXAMPLE", "secret", "token");
  http::Request first{.url = "https://b.s3.us-east-1.amazonaws.com/key"};
  ASSERT_TRUE(signature.sign(first, credentials, example_day()).ok());
  http::Request again = first;
  ASSERT_TRUE(signature.sign(again, credentials, example_day()).ok());
  EXPECT_EQ(again.headers.size(), first.headers.size());
  EXPECT_EQ(header_of(again, "Authorization"), header_of(first, "Authorization"));
  EXPECT_EQ(header_of(again, "x-amz-security-token"), "token");
}

TEST(SigV4, DerivesANewKeyForANewDayAndForNewCredentials) {
  auto authorization = [](SigV4& signature, const AwsCredentials& credentials, UtcTime time) {
    http::Request request{.url = "https://b.s3.us-east-1.amazonaws.com/key"};
    EXPECT_TRUE(signature.sign(request, credentials, time).ok());
    return header_of(request, "Authorization");
  };
  SigV4 used(for_s3("us-east-1"));
  AwsCredentials other = make_credentials("AKIDOTHER", "other secret");
  UtcTime next_day = example_day() + std::chrono::hours(24);
  authorization(used, example(), example_day());
  for (UtcTime time : {next_day, example_day()}) {
    SigV4 fresh(for_s3("us-east-1"));
    EXPECT_EQ(authorization(used, other, time), authorization(fresh, other, time));
  }
}

TEST(SigV4, SignsTheHostAsAClientSendsIt) {
  auto authorization = [](const std::string& url) {
    SigV4 signature(for_s3("us-east-1"));
    http::Request request{.url = url};
    EXPECT_TRUE(signature.sign(request, example(), example_day()).ok());
    return header_of(request, "Authorization");
  };
  EXPECT_EQ(authorization("https://Host:443/b/k"), authorization("https://host/b/k"));
  EXPECT_EQ(authorization("http://host:80/b/k"), authorization("http://host/b/k"));
  EXPECT_NE(authorization("http://host:443/b/k"), authorization("http://host/b/k"));
  EXPECT_EQ(authorization("http://host?a=b"), authorization("http://host/?a=b"));
}

TEST(SigV4, TellsWhatCannotBeSigned) {
  SigV4 signature(for_s3("us-east-1"));
  for (const char* url : {"", "host/path", "https://", "https:///path", "https://host/?a=%zz", "https://host/?%4"}) {
    http::Request request{.url = url};
    auto outcome = signature.sign(request, example(), example_day());
    ASSERT_FALSE(outcome.ok()) << url;
    EXPECT_EQ(outcome.error().kind, ErrorKind::kBadInput) << url;
  }
  http::Request good{.url = "https://host/"};
  for (int seconds : {0, -1, 7 * 86400 + 1}) {
    auto url = signature.presign(good, example(), example_day(), std::chrono::seconds(seconds));
    ASSERT_FALSE(url.ok());
    EXPECT_THAT(url.error().message, HasSubstr("1 second to 7 days"));
  }
}

TEST(CanonicalQuery, SortsByNameThenValueAsEncoded) {
  struct Row {
    const char* name;
    const char* query;
    const char* canonical;
  };
  for (const Row& row : {
           Row{"empty", "", ""},
           Row{"no value", "location", "location="},
           Row{"order", "b=2&a=1&a=0", "a=0&a=1&b=2"},
           Row{"a prefix comes first", "a-b=1&a=1", "a=1&a-b=1"},
           Row{"reserved", "prefix=a/b c*(~)&x=:", "prefix=a%2Fb%20c%2A%28~%29&x=%3A"},
           Row{"encoded needlessly", "a=%7e%41%2f", "a=~A%2F"},
           Row{"equals in a value", "a=b=c", "a=b%3Dc"},
           Row{"plus", "a=b+c", "a=b%2Bc"},
           Row{"empty parameters", "&&a=1&", "a=1"},
       }) {
    auto canonical = canonical_query(row.query);
    ASSERT_TRUE(canonical.ok()) << row.name;
    EXPECT_EQ(canonical.value(), row.canonical) << row.name;
  }
}

TEST(CanonicalPath, LeavesThePathsOfS3Alone) {
  PathRule other{.normalises = true, .encodes = true};
  struct Row {
    const char* path;
    const char* of_s3;
    const char* of_others;
  };
  for (const Row& row : {
           Row{"", "/", "/"},
           Row{"/a//b/../c", "/a//b/../c", "/a/c"},
           Row{"/a/b/..", "/a/b/..", "/a/"},
           Row{"/..", "/..", "/"},
           Row{"/a%20b", "/a%20b", "/a%2520b"},
       }) {
    EXPECT_EQ(canonical_path(row.path, {}), row.of_s3);
    EXPECT_EQ(canonical_path(row.path, other), row.of_others);
  }
}

TEST(Signer, LeavesARequestAloneWhereThereAreNoCredentials) {
  auto provider = make_anonymous_provider();
  auto signer = make_signer(for_s3("us-east-1"), *provider, example_day);
  http::Request request{.url = "https://host/b/k"};
  ASSERT_TRUE(signer->sign(request).ok());
  EXPECT_TRUE(request.headers.empty());
}

TEST(Signer, TellsThatCredentialsExpiredBeforeItSigns) {
  struct Row {
    std::chrono::seconds rest;
    const char* message;
  };
  for (const Row& row : {Row{std::chrono::seconds(-180),
                             "the credentials of the test expired at 2013-05-23T23:57:00Z, 3 minutes ago; "
                             "get new ones and start again"},
                         Row{std::chrono::seconds(60),
                             "the credentials of the test expire at 2013-05-24T00:01:00Z, in 60 seconds; "
                             "get new ones and start again"},
                         Row{std::chrono::seconds(61), ""}}) {
    AwsCredentials credentials = make_credentials("AKIDEXAMPLE", "VERYSECRET");
    credentials.expires = example_day() + row.rest;
    auto provider = make_fixed_provider(std::move(credentials), example_day);
    auto signer = make_signer(for_s3("us-east-1"), *provider, example_day);
    http::Request request{.url = "https://host/b/k"};
    auto outcome = signer->sign(request);
    EXPECT_EQ(outcome.ok() ? "" : outcome.error().message, row.message);
    EXPECT_TRUE(outcome.ok() || outcome.error().kind == ErrorKind::kDenied);
  }
}

TEST(Times, AreThoseOfSignatures) { EXPECT_EQ(basic_time(example_day()), "20130524T000000Z"); }

}  // namespace
}  // namespace quern::s3

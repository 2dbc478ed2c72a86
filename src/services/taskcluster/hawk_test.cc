#include "services/taskcluster/hawk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace quern::taskcluster {
namespace {

using std::chrono::seconds;

UtcTime at(std::int64_t epoch_seconds) { return UtcTime(seconds(epoch_seconds)); }

void zeros(std::span<unsigned char> bytes) { std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0)); }

// The worked example in Hawk's own documentation.
HawkInput documented() {
  return {.client_id = "dh37fgj492je",
          .access_token = "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn",
          .url = "http://example.com:8000/resource/1?b=1&a=2",
          .time = at(1353832234),
          .nonce = "j4h3g2",
          .ext = "some-app-ext-data"};
}

TEST(Hawk, SignsAsItsDocumentationDoes) {
  EXPECT_EQ(hawk_header(documented()).value(),
            "Hawk id=\"dh37fgj492je\", ts=\"1353832234\", nonce=\"j4h3g2\", ext=\"some-app-ext-data\", "
            "mac=\"6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=\"");
}

TEST(Hawk, SignsABodyAsItsDocumentationDoes) {
  HawkInput input = documented();
  std::string hash = hawk_payload_hash("text/plain", "Thank you for flying Hawk");
  EXPECT_EQ(hash, "Yi9LfIIFRtBEPt74PVmbTF/xVAwPn7ub15ePICfgnuY=");
  EXPECT_EQ(hawk_payload_hash("Text/Plain; charset=utf-8", "Thank you for flying Hawk"), hash);
  input.method = "POST";
  input.hash = hash;
  EXPECT_TRUE(hawk_header(input).value().ends_with(
      "hash=\"Yi9LfIIFRtBEPt74PVmbTF/xVAwPn7ub15ePICfgnuY=\", ext=\"some-app-ext-data\", "
      "mac=\"aSe1DERmZuRl3pI36/9BdZmnErTw3sNzOOAUlfeKjVw=\""));
}

TEST(Hawk, SignsTheHostWithoutItsPortAndTheSchemesOwnPort) {
  HawkInput input = documented();
  input.url = "https://Example.com/a";
  std::string header = hawk_header(input).value();
  input.url = "https://example.com:443/a";
  EXPECT_EQ(hawk_header(input).value(), header);
  input.url = "http://example.com/a";
  EXPECT_NE(hawk_header(input).value(), header);
  input.url = "http://example.com:443/a";
  EXPECT_EQ(hawk_header(input).value(), header);
}

TEST(Hawk, RefusesWhatTaskclusterWouldNotTake) {
  HawkInput input = documented();
  std::string ext(4096, 'x');
  input.ext = ext;
  EXPECT_EQ(hawk_header(input).error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(hawk_signed_url(input).error().kind, ErrorKind::kBadInput);
  input.ext = "";
  input.url = "example.com";
  EXPECT_FALSE(hawk_header(input).ok());
  EXPECT_FALSE(hawk_signed_url(input).ok());
}

TEST(Hawk, AddsABewitToAQueryThatIsThere) {
  HawkInput input = documented();
  EXPECT_EQ(hawk_signed_url(input).value(),
            "http://example.com:8000/resource/1?b=1&a=2&bewit="
            "ZGgzN2ZnajQ5MmplXDEzNTM4MzIyMzRcM0duVDJVR25iMGl3MURjN0s1QUxwWmQzVWJMbjNEUDIxNlBQcjBvcmY2ND1cc29tZS1hcHAtZX"
            "h0LWRhdGE");
}

TEST(HawkSigner, ReplacesTheSignatureOfAnEarlierAttempt) {
  Credentials credentials = make_credentials("tester", Secret(std::string("no-secret")), "").value();
  UtcTime now = at(1787300000);
  auto signer = make_signer(
      credentials, [&] { return now; }, zeros);
  http::Request request{.url = "https://tc.example.com/a"};
  ASSERT_TRUE(signer->sign(request).ok());
  std::string first = request.headers.at(0).value;
  EXPECT_TRUE(first.starts_with("Hawk id=\"tester\", ts=\"1787300000\", nonce=\"AAAAAAAA\", mac=\"")) << first;
  now += seconds(5);
  ASSERT_TRUE(signer->sign(request).ok());
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_NE(request.headers[0].value, first);
}

TEST(HawkSigner, RefusesCredentialsThatHaveEnded) {
  Credentials issuer = make_credentials("tester", Secret(std::string("no-secret")), "").value();
  Credentials credentials =
      make_temporary(issuer, {.scopes = {"a"}, .start = at(1000), .expiry = at(2000)}, zeros).value();
  UtcTime now = at(2000 + 299);
  auto signer = make_signer(
      credentials, [&] { return now; }, zeros);
  http::Request request{.url = "https://tc.example.com/a"};
  EXPECT_TRUE(signer->sign(request).ok());
  now = at(2000 + 300);
  auto refused = signer->sign(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(refused.error().message,
            "the temporary credentials of tester ended at 1970-01-01T00:33:20Z; get new ones, for instance with "
            "taskcluster signin");
  EXPECT_FALSE(signed_url(credentials, request.url, now, seconds(60)).ok());
}

}  // namespace
}  // namespace quern::taskcluster

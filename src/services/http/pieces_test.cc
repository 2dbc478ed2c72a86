#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/http/head_reader.h"
#include "services/http/refusal.h"

namespace quern::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RetryWait, IsDrawnBelowADoublingCeiling) {
  RetryPolicy policy{.attempts = 9, .first_wait = 200ms, .longest_wait = 1000ms};
  EXPECT_EQ(retry_wait(policy, 1, 0.5, std::nullopt), 100ms);
  EXPECT_EQ(retry_wait(policy, 2, 0.5, std::nullopt), 200ms);
  EXPECT_EQ(retry_wait(policy, 3, 0.5, std::nullopt), 400ms);
  EXPECT_EQ(retry_wait(policy, 4, 0.5, std::nullopt), 500ms);
  EXPECT_EQ(retry_wait(policy, 1000, 0.5, std::nullopt), 500ms);
  EXPECT_EQ(retry_wait(policy, 1000, 0, std::nullopt), 0ms);
}

TEST(RetryWait, HonoursRetryAfterAboveTheCeiling) {
  RetryPolicy policy{.attempts = 9, .first_wait = 200ms, .longest_wait = 1000ms};
  EXPECT_EQ(retry_wait(policy, 1, 0.5, 7s), 7000ms);
  EXPECT_EQ(retry_wait(policy, 9, 0.5, 0s), 500ms);
  EXPECT_EQ(retry_wait(policy, 1, 0.5, std::chrono::hours(24)), limits::kMaxRetryAfter);
}

TEST(RetryAfter, IsSecondsOrADate) {
  auto now = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").value();
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:07 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:07 1994", now), 30s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s);
  for (const char* text :
       {"", "soon", "-1", "1.5", "99999999999999999999", "12 s", "::", "Sun, 06 Nov 9994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
  }
}

TEST(Repeated, AreAnswersThatMayChange) {
  for (int status : {408, 429, 500, 502, 503, 504}) EXPECT_TRUE(is_repeated(status, "")) << status;
  for (int status : {301, 400, 401, 403, 404, 409, 412, 416, 501, 505}) EXPECT_FALSE(is_repeated(status, "")) << status;
  EXPECT_TRUE(is_repeated(400, "RequestTimeout"));
  EXPECT_FALSE(is_repeated(400, "RequestTimeTooSkewed"));
}

TEST(ContentRangeHeader, IsParsedStrictly) {
  auto range = parse_content_range("bytes 10-19/100");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 10U);
  EXPECT_EQ(range->count, 10U);
  EXPECT_EQ(range->total, 100U);
  EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, std::nullopt);
  EXPECT_EQ(parse_content_range("bytes */7")->total, 7U);
  EXPECT_EQ(parse_content_range("bytes */7")->count, 0U);
  for (const char* text :
       {"", "bytes", "bytes 1-2", "bytes 2-1/9", "bytes 0-9/9", "bytes a-b/c", "bytes */*", "items 0-1/2",
        "bytes 0-18446744073709551615/*", "bytes -1-2/9", "bytes 0-1/2x", "bytes 0-1/"}) {
    EXPECT_EQ(parse_content_range(text), std::nullopt) << text;
  }
}

TEST(HeadReader, TakesTheAnswerThatCounts) {
  HeadReader reader;
  reader.start("http://h/a");
  EXPECT_FALSE(reader.add("HTTP/1.1 100 Continue\r\n"));
  EXPECT_FALSE(reader.add("X-Early: 1\r\n"));
  EXPECT_FALSE(reader.add("\r\n"));
  EXPECT_FALSE(reader.add("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_FALSE(reader.add("ETag:  \"a b\" \r\n"));
  EXPECT_FALSE(reader.add("nonsense\r\n"));
  EXPECT_FALSE(reader.add("Empty:\r\n"));
  EXPECT_TRUE(reader.add("\r\n"));
  EXPECT_FALSE(reader.add("Trailer: 1\r\n"));
  EXPECT_FALSE(reader.add("\r\n"));
  EXPECT_EQ(reader.head().status, 206);
  EXPECT_EQ(reader.head().url, "http://h/a");
  EXPECT_EQ(reader.head().header("etag"), "\"a b\"");
  EXPECT_EQ(reader.head().header("empty"), "");
  EXPECT_EQ(reader.head().header("x-early"), std::nullopt);
  EXPECT_EQ(reader.head().header("trailer"), std::nullopt);
}

TEST(Refusal, SaysWhatAnS3DocumentSays) {
  Head head{.status = 403, .headers = {{"x-amz-request-id", "HEAD1"}}};
  Error error =
      to_error(read_refusal(head,
                            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>No &lt;way&gt;.\n"
                            "</Message><RequestId>BODY1</RequestId></Error>"));
  EXPECT_EQ(error.kind, ErrorKind::kDenied);
  EXPECT_EQ(error.code, 403);
  EXPECT_EQ(error.message, "HTTP status 403, AccessDenied: No <way> (request id BODY1)");
  EXPECT_EQ(to_error(read_refusal(head, "<html>Code</html>")).message, "HTTP status 403 (request id HEAD1)");
  EXPECT_EQ(to_error(read_refusal(head, "<Error><Code>A</Code><Message>cut")).message,
            "HTTP status 403, A (request id HEAD1)");
}

TEST(Refusal, RepeatsNoQueryAndNoControlCharacters) {
  Head head{.status = 404};
  Error error = to_error(read_refusal(head, "<Error><Message>No http://h/a?X-Amz-Signature=secret here\x1b[2J" +
                                                std::string(5000, 'x') + "</Message>"));
  EXPECT_EQ(error.kind, ErrorKind::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("No http://h/a? here"));
  EXPECT_THAT(error.message, Not(HasSubstr("secret")));
  EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
  EXPECT_LT(error.message.size(), 600U);
}

}  // namespace
}  // namespace quern::http

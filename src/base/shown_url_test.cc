#include "base/shown_url.h"

#include <gmock/gmock.h>

namespace quern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ShownUrl, LeavesWhatHoldsNoSecretAsItIs) {
  for (const char* text :
       {"https://host/a/b.gz", "http://host:8080", "http://[::1]:80/a", "https://host/@scope/me@example.com",
        "s3://b/k?x#y", "s3://bucket/a@b", "data/a?.txt", "https://host/a?", "me@example.com", "file:///a", ""}) {
    EXPECT_EQ(shown_url(text), text);
  }
}

TEST(ShownUrl, HidesWhatPrecedesTheHost) {
  struct Row {
    const char* url;
    const char* shown;
  };
  for (const Row& row : {
           Row{"http://me:secret@host/a", "http://…@host/a"},
           Row{"ftp://me@host", "ftp://…@host"},
           Row{"https://me:sec@ret@host/a@b", "https://…@host/a@b"},
           Row{"s3://AKID:SECRET@bucket/key", "s3://…@bucket/key"},
           Row{"s3a://AKID:SEC/RET@bucket/key", "s3a://…@bucket/key"},
           Row{"s3n://AKID:123/RET@bucket/key", "s3n://…@bucket/key"},
           Row{"ftp://me:sec/ret@host/f", "ftp://…@host/f"},
           Row{"http://me:sec?ret@host/f", "http://…@host/f"},
           Row{"http://me:sec#ret@host", "http://…@host"},
           Row{"http://me:sec ret@host", "http://…@host"},
       }) {
    EXPECT_EQ(shown_url(row.url), row.shown);
  }
}

TEST(ShownUrl, HidesQueryAndFragmentAndTellsThemApart) {
  const std::string one = shown_url("https://host/a?bewit=SECRET");
  EXPECT_THAT(one, testing::MatchesRegex("https://host/a\\?…[0-9a-f]{8}"));
  EXPECT_NE(one, shown_url("https://host/a?bewit=SECRET2"));
  EXPECT_EQ(one, shown_url("https://host/a?bewit=SECRET"));
  EXPECT_THAT(shown_url("https://host/a#token=SECRET"), testing::MatchesRegex("https://host/a#…[0-9a-f]{8}"));
  EXPECT_THAT(shown_url("https://me:SECRET@host?SECRET"), testing::MatchesRegex("https://…@host\\?…[0-9a-f]{8}"));
}

TEST(WithoutPasswords, FindsTheUrlsOfAMessage) {
  EXPECT_EQ(without_passwords("the job http://a:b@c/d?e does not exist; see 'ftp://x:y/z@w' and s3://k:s@b"),
            "the job http://…@c/d?e does not exist; see 'ftp://…@w' and s3://…@b");
  EXPECT_EQ(without_passwords("no URL, but me@example.com"), "no URL, but me@example.com");
  const std::string shown = shown_url("https://u:p@h/a?sig=SECRET");
  EXPECT_EQ(shown_url(shown), shown);
  EXPECT_EQ(with_shown_urls("is 'https://u:p@h/a?sig=SECRET'; see https://h/b, or https://u:p@h/a?sig=SECRET."),
            "is '" + shown + "'; see https://h/b, or " + shown + ".");
  EXPECT_EQ(without_passwords("http://h/a: it is not there; ask me@example.com"),
            "http://h/a: it is not there; ask me@example.com");
}

TEST(ShownReason, HasNothingOfAProxy) {
  for (const char* text :
       {"Unsupported proxy syntax in 'http://user:SECRET/x@127.0.0.1:3128'", "Unsupported proxy syntax in 'user:SECRET",
        "Could not resolve proxy: SECRET", "Unsupported proxy scheme for 'x://u:SECRET@h'"}) {
    EXPECT_THAT(shown_reason(text), AllOf(Not(HasSubstr("SECRET")), HasSubstr("http_proxy"))) << text;
  }
  EXPECT_EQ(certificate_advice("SSL certificate problem: certificate has expired"),
            "; its owner has to renew it, or this machine's clock is wrong");
  EXPECT_EQ(certificate_advice("SSL: no alternative certificate subject name matches target host name 'x'"),
            "; name the host as its certificate does");
  EXPECT_THAT(std::string(certificate_advice("SSL certificate problem: self-signed certificate")),
              HasSubstr("SSL_CERT_FILE"));
  EXPECT_EQ(shown_reason("CONNECT tunnel failed, response 407"), "CONNECT tunnel failed, response 407");
  EXPECT_EQ(shown_reason("Failed to connect to 127.0.0.1 port 9"), "Failed to connect to 127.0.0.1 port 9");
}

}  // namespace
}  // namespace quern

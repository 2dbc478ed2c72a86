#include "services/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseUrl, TakesAnUrlApartAsItIsWritten) {
  struct Row {
    const char* text;
    Url url;
  };
  const Row rows[] = {
      {"http://host/a", {"http", "host", "/a", ""}},
      {"HTTPS://HOST.example:8443/a%2Fb/../c?x=%20&y", {"https", "host.example:8443", "/a%2Fb/../c", "x=%20&y"}},
      {"http://host", {"http", "host", "/", ""}},
      {"http://host?q", {"http", "host", "/", "q"}},
      {"http://host:80/", {"http", "host", "/", ""}},
      {"https://host:443/", {"https", "host", "/", ""}},
      {"https://host:80/", {"https", "host:80", "/", ""}},
      {"http://host:/a", {"http", "host", "/a", ""}},
      {"http://[::1]:9000/b", {"http", "[::1]:9000", "/b", ""}},
      {"http://[::1]/b", {"http", "[::1]", "/b", ""}},
      {"http://h/a?b#c?d", {"http", "h", "/a", "b"}},
      {"http://h/a#c?d", {"http", "h", "/a", ""}},
      {"http://h//a//b", {"http", "h", "//a//b", ""}},
  };
  for (const Row& row : rows) {
    auto url = parse_url(row.text);
    ASSERT_TRUE(url.ok()) << row.text << ": " << url.error().message;
    EXPECT_EQ(url.value().scheme, row.url.scheme) << row.text;
    EXPECT_EQ(url.value().host, row.url.host) << row.text;
    EXPECT_EQ(url.value().path, row.url.path) << row.text;
    EXPECT_EQ(url.value().query, row.url.query) << row.text;
  }
}

TEST(ParseUrl, RefusesWhatIsNoUrlAndDoesNotRepeatItsSecrets) {
  const char* texts[] = {"",           "host/a",      "ftp://host/a",          "http:/host",       "http://",
                         "http:///a",  "http://h:0",  "http://h:65536",        "http://h:8x/",     "http://h h/",
                         "http://h/ ", "http://h/é",  "http://u:secret@h/",    "http://u@secret/", "http://[::1/",
                         "http://[]/", "http://h/\n", "file:///secret?secret", "x?secret",         "http://h:1:2/"};
  for (const char* text : texts) {
    auto url = parse_url(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::kBadInput) << text;
    EXPECT_THAT(url.error().message, Not(HasSubstr("?secret"))) << text;
    EXPECT_THAT(url.error().message, Not(HasSubstr("secret@"))) << text;
  }
}

TEST(Resolve, FollowsAReference) {
  struct Row {
    const char* location;
    const char* target;
  };
  const Row rows[] = {
      {"https://other/x?y#z", "https://other/x?y"},
      {"//other/x", "http://other/x"},
      {"/x/../y", "http://h:8/x/../y"},
      {"x", "http://h:8/a/x"},
      {"../x/./y/", "http://h:8/x/y/"},
      {"../../../x", "http://h:8/x"},
      {"..", "http://h:8/"},
      {"?z", "http://h:8/a/b?z"},
      {"", "http://h:8/a/b?q"},
      {"#z", "http://h:8/a/b?q"},
      {"/é \"", "http://h:8/%C3%A9%20%22"},
      {"x?/../y", "http://h:8/a/x?/../y"},
  };
  Url base = parse_url("http://h:8/a/b?q").value();
  for (const Row& row : rows) {
    auto target = resolve(base, row.location);
    ASSERT_TRUE(target.ok()) << row.location << ": " << target.error().message;
    EXPECT_EQ(target.value(), row.target) << row.location;
  }
  EXPECT_FALSE(resolve(base, "ftp://h/a").ok());
  EXPECT_FALSE(resolve(base, "//").ok());
  EXPECT_FALSE(resolve(base, "http://user:secret@h/").ok());
}

TEST(SameOrigin, LooksAtSchemeHostAndPort) {
  auto same = [](const char* a, const char* b) { return is_same_origin(parse_url(a).value(), parse_url(b).value()); };
  EXPECT_TRUE(same("http://H/a", "http://h:80/b"));
  EXPECT_FALSE(same("http://h/a", "https://h/a"));
  EXPECT_FALSE(same("http://h/a", "http://h:81/a"));
  EXPECT_FALSE(same("http://h/a", "http://h.example/a"));
}

}  // namespace
}  // namespace quern::http

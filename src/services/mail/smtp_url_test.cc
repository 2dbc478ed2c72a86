#include "services/mail/smtp_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SmtpUrl, SaysWhereTheServerIs) {
  struct Row {
    const char* text;
    bool is_tls;
    const char* host;
    int port;
    const char* user;
    const char* password;
  };
  const Row rows[] = {
      {"smtp://mail.example.com", false, "mail.example.com", 25, "", ""},
      {"smtp://mail.example.com:2525/", false, "mail.example.com", 2525, "", ""},
      {"SMTPS://mail.example.com", true, "mail.example.com", 465, "", ""},
      {"smtp://jane:pw@mail", false, "mail", 587, "jane", "pw"},
      {"smtps://jane%40example.com:a%2Fb%3A@mail:99", true, "mail", 99, "jane@example.com", "a/b:"},
      {"smtp://jane:p:w@x@mail", false, "mail", 587, "jane", "p:w@x"},
      {"smtp://[::1]:2525", false, "[::1]", 2525, "", ""},
      {"smtp://[2001:db8::7]", false, "[2001:db8::7]", 25, "", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    auto server = parse_smtp_url(row.text);
    ASSERT_TRUE(server.ok()) << server.error().message;
    EXPECT_EQ(server.value().is_tls, row.is_tls);
    EXPECT_EQ(server.value().host, row.host);
    EXPECT_EQ(server.value().port, row.port);
    EXPECT_EQ(server.value().user, row.user);
    EXPECT_EQ(server.value().password.reveal(), row.password);
  }
}

TEST(SmtpUrl, IsRefusedWithoutBeingShown) {
  struct Row {
    const char* name;
    const char* text;
    const char* why;
  };
  const Row rows[] = {
      {"nothing", "", "smtp://"},
      {"no scheme", "secret.example.com", "does not begin"},
      {"another scheme", "https://u:secret@host", "does not begin"},
      {"no host", "smtp://", "host"},
      {"a blank host", "smtp://u:secret@ho st", "host"},
      {"a line end in the host", "smtp://u:secret@host\r\n", "host"},
      {"a path", "smtp://u:secret@host/path", "host"},
      {"a query", "smtp://u:secret@host?a", "host"},
      {"no password", "smtp://secret@host", "no password"},
      {"an empty password", "smtp://secret:@host", "no password"},
      {"an empty user", "smtp://:secret@host", "user"},
      {"a bad escape", "smtp://u:secret%4@host", "password"},
      {"a bad escape of the user", "smtp://secret%zz:p@host", "user"},
      {"a line end in the password", "smtp://u:secret%0d%0aRSET@host", "password"},
      {"a port of letters", "smtp://u:secret@host:port", "port"},
      {"port 0", "smtp://host:0", "port"},
      {"a large port", "smtp://host:65536", "port"},
      {"a negative port", "smtp://host:-1", "port"},
      {"no port behind the colon", "smtp://host:", "port"},
      {"an address that is not closed", "smtp://[::1", "host"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    auto server = parse_smtp_url(row.text);
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(server.error().message, HasSubstr(row.why));
    EXPECT_THAT(server.error().message, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace quern::mail

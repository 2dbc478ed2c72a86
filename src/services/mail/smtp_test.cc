#include "services/mail/smtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/fd.h"
#include "fakes/fault_server.h"

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

namespace {

using namespace std::chrono_literals;
using fakes::FaultServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kMessage = "Subject: hello\n\n.\n..two\nlast\n";

class Smtp : public ::testing::Test {
 protected:
  Smtp() { Fd(::mkstemp(log_.data())).reset(); }
  ~Smtp() override { ::unlink(log_.c_str()); }

  // `plan` is the content of the plan file next to the log.
  void serve(const std::string& plan = "") {
    server_.emplace("{\"log\": \"" + log_ + "\"" + (plan.empty() ? "" : ", " + plan) + "}", "smtp_server.py");
    address_ = "smtp://" + server_->url("").substr(std::string("http://").size());
  }
  Result<void> send(const std::string& url, const std::stop_token& stop = {}) const {
    const SmtpServer server = parse_smtp_url(url).value();
    const SmtpPatience quick{.attempts = 3, .wait = 1ms, .attempt = 20s, .connect = 5s};
    return send_by_smtp(server, {.from = "quern@example.com", .to = "jane@example.com"}, kMessage, stop, quick);
  }
  std::string taken() const { return read_file(log_, 1 << 20).value(); }

  std::string address_;
  std::optional<FaultServer> server_;

 private:
  std::string log_ = "/tmp/smtp_test.XXXXXX";
};

TEST_F(Smtp, HandsAMailToAServer) {
  serve();
  auto sent = send(address_);
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_THAT(taken(), AllOf(HasSubstr(R"("from": "quern@example.com", "to": ["jane@example.com"])"),
                             HasSubstr(R"("data": "Subject: hello\r\n\r\n.\r\n..two\r\nlast\r\n")")));
}

TEST_F(Smtp, SendsNoPasswordWithoutTls) {
  serve(R"("user": "jane", "password": "s3cret")");
  auto sent = send("smtp://jane:s3cret@" + address_.substr(7));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("does not offer STARTTLS"), Not(HasSubstr("s3cret"))));
}

TEST_F(Smtp, SaysWhyAServerRefuses) {
  serve(R"("replies": {"RCPT": ["550 5.1.1 who is that?"]})");
  auto sent = send(address_);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("127.0.0.1"), HasSubstr("550 5.1.1 who is that?")));
  EXPECT_EQ(taken(), "");
}

TEST_F(Smtp, TriesAgainWhatMayBeOverSoon) {
  serve(R"("replies": {"MAIL": ["451 later"], "DATA": ["452 full"]})");
  EXPECT_TRUE(send(address_).ok());
  serve(R"("replies": {"MAIL": ["451 later", "451 later", "451 much later"]})");
  auto sent = send(address_);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kRetry);
  EXPECT_THAT(sent.error().message, HasSubstr("451 much later"));
}

// A genuine server may have its reasons to do this; an attacker on the network has others.
TEST_F(Smtp, IsNotSentInTheClearWhereTlsIsOfferedAndRefused) {
  char folder[] = "/tmp/smtp_test.XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string pem = std::string(folder) + "/server.pem";
  const std::string command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout " + pem +
                              " -out " + pem + ".crt 2>/dev/null && cat " + pem + ".crt >> " + pem;
  ASSERT_EQ(std::system(command.c_str()), 0);
  serve(R"("certificate": ")" + pem + R"(", "replies": {"STARTTLS": ["454 not now"]})");
  auto sent = send(address_);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("STARTTLS"), HasSubstr("454 not now")));
  // Nor to a server whose certificate is not trusted.
  sent = send(address_);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("certificate"), HasSubstr("SSL_CERT_FILE")));
  EXPECT_EQ(taken(), "");
  std::filesystem::remove_all(folder);
}

TEST_F(Smtp, IsNotHandedToNobody) {
  serve();
  const std::string gone = address_;
  server_.reset();
  auto sent = send(gone);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kRetry);
  EXPECT_THAT(sent.error().message, HasSubstr("connect"));
}

TEST_F(Smtp, IsStopped) {
  serve(R"("hang": true)");
  std::stop_source stop;
  std::jthread stopping([&] { stop.request_stop(); });
  auto sent = send(address_, stop.get_token());
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kStopped);
}

}  // namespace

}  // namespace quern::mail

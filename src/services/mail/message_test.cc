#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/mail/mail.h"

namespace quern::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void zeros(std::span<unsigned char> bytes) { std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0)); }

Stamp stamp() {
  return {.from = "quern@example.com", .date = UtcTime(std::chrono::seconds(784111777)), .host = "host"};
}

TEST(Message, HasAllThatAMailNeeds) {
  Mail mail{.to = "jane@example.com",
            .subject = "os-count: done",
            .text = "It is done.\n",
            .link = Mail::Link{.text = "Result", .url = "https://example.com/a=b"}};
  EXPECT_EQ(make_message(mail, stamp(), zeros).value(),
            "From: quern <quern@example.com>\n"
            "To: <jane@example.com>\n"
            "Subject: os-count: done\n"
            "Date: Sun, 06 Nov 1994 08:49:37 +0000\n"
            "Message-ID: <00000000000000000000000000000000@host>\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: quoted-printable\n"
            "Auto-Submitted: auto-generated\n"
            "\n"
            "It is done.\n"
            "\n"
            "Result: <https://example.com/a=3Db>\n");
}

TEST(Message, LeavesTheSenderToAProgramThatKnowsIt) {
  Stamp unknown = stamp();
  unknown.from = "";
  EXPECT_TRUE(
      make_message({.to = "jane", .subject = "s", .text = "t\n"}, unknown, zeros).value().starts_with("To: <jane>\n"));
}

TEST(Message, HasNoHeaderThatASubjectBringsAlong) {
  Mail mail{.to = "jane@example.com", .subject = "job\r\nBcc: eve@example.com\n\nbody\x7f", .text = "t\n"};
  const std::string message = make_message(mail, stamp(), zeros).value();
  EXPECT_THAT(message, HasSubstr("\nSubject: job  Bcc: eve@example.com  body \n"));
  EXPECT_THAT(message, Not(HasSubstr("\nBcc")));
}

TEST(Message, HasNoHeaderThatAHostNameBringsAlong) {
  Stamp odd = stamp();
  odd.host = "ho>\nBcc: eve@x";
  EXPECT_THAT(make_message({.to = "jane", .subject = "s", .text = "t\n"}, odd, zeros).value(),
              HasSubstr("@hoBccevex>\n"));
  odd.host = "";
  EXPECT_THAT(make_message({.to = "jane", .subject = "s", .text = "t\n"}, odd, zeros).value(),
              HasSubstr("@localhost>\n"));
}

TEST(Message, IsNotMadeForWhatIsNoAddress) {
  EXPECT_EQ(make_message({.to = "jane\nBcc: eve@x", .subject = "s", .text = "t\n"}, stamp(), zeros).error().kind,
            ErrorKind::kBadConfig);
  Stamp bad = stamp();
  bad.from = "quern>, <eve@example.com";
  EXPECT_THAT(make_message({.to = "jane", .subject = "s", .text = "t\n"}, bad, zeros).error().message,
              HasSubstr("sender"));
}

TEST(CheckAddress, TakesOneAddress) {
  for (const char* address :
       {"jane@example.com", "root", "jane+jobs@mail-1.example.com", "o'neill@x", "a.b_c=d@localhost"}) {
    EXPECT_TRUE(check_address(address).ok()) << address;
  }
}

TEST(CheckAddress, RefusesAllElse) {
  const std::string rows[] = {"",
                              "jane@",
                              "@example.com",
                              "jane@a@b",
                              "jane doe@x",
                              "a@x, b@x",
                              "a@x;b@x",
                              "<jane@x>",
                              "Jane <jane@x>",
                              "jane@x\nBcc: e@x",
                              "jane\r\n@x",
                              "jane@x\r",
                              "\"j d\"@x",
                              "jane(x)@y",
                              "j\xC3\xBC@x",
                              "jane@\xC3\xBC.de",
                              "-oQ/tmp@x",
                              "jane@ex_ample",
                              ".jane@x",
                              "jane.@x",
                              "ja..ne@x",
                              "jane@x..y",
                              "jane@.x",
                              "jane@x.",
                              "jane@-x.com",
                              "jane@x-.com",
                              "jane@x.com-",
                              "a:b@x",
                              "a\\b@x",
                              "jane@[::1]",
                              "jane\t@x",
                              std::string("j\0@x", 4),
                              std::string(255, 'a')};
  for (const std::string& address : rows) {
    auto checked = check_address(address);
    ASSERT_FALSE(checked.ok()) << address;
    EXPECT_EQ(checked.error().kind, ErrorKind::kBadConfig);
    const std::string& message = checked.error().message;
    EXPECT_TRUE(std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; })) << message;
  }
}

TEST(CheckFullAddress, WantsADotInTheHost) {
  for (const char* address : {"jane@example.com", "a.b+c@mail-1.x.y"}) EXPECT_TRUE(check_full_address(address).ok());
  for (const char* address : {"root", "jane@localhost", "a.b@localhost", "a.b", "jane@x.", "a@b@c.d", ""}) {
    auto checked = check_full_address(address);
    ASSERT_FALSE(checked.ok()) << address;
    EXPECT_EQ(checked.error().kind, ErrorKind::kBadConfig);
  }
}

TEST(HeaderText, IsEncodedWhereItIsBeyondAscii) {
  EXPECT_EQ(header_text("Subject", "plain"), "Subject: plain");
  EXPECT_EQ(header_text("Subject", "gr\xC3\xBC\xC3\x9F"), "Subject: =?UTF-8?B?Z3LDvMOf?=");
  // Otherwise mail readers would decode it.
  EXPECT_EQ(header_text("Subject", "=?x"), "Subject: =?UTF-8?B?PT94?=");
}

TEST(HeaderText, KeepsCharactersWholeAndLinesShort) {
  std::string text = "a";
  for (int i = 0; i < 60; ++i) text += "\xE2\x82\xAC";
  const std::string header = header_text("Subject", text);
  std::size_t words = 0;
  for (std::size_t begin = 0; begin < header.size(); ++words) {
    std::size_t end = std::min(header.find('\n', begin), header.size());
    EXPECT_LE(end - begin, 9 + 76U);
    begin = end + 1;
  }
  EXPECT_EQ(words, 5U);
  // 1 + 14 * 3 bytes are complete characters; 45 bytes are not.
  EXPECT_TRUE(
      header.starts_with("Subject: =?UTF-8?B?YeKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrOKCrA==?=\n "))
      << header;
}

TEST(HeaderText, EndsAlsoForWhatIsNoUtf8) {
  EXPECT_THAT(header_text("Subject", std::string(200, '\x80')), HasSubstr("?=\n =?UTF-8?B?"));
}

TEST(QuotedPrintable, IsPlainTextAsFarAsPossible) {
  struct Row {
    const char* name;
    std::string text;
    std::string encoded;
  };
  const Row rows[] = {
      {"nothing", "", ""},
      {"lines", "a\n\nb c\n", "a\n\nb c\n"},
      {"no last line end", "a", "a\n"},
      {"beyond ASCII", "\xC3\xBC=\n", "=C3=BC=3D\n"},
      {"blanks at the end", "a \nb\t\n", "a=20\nb=09\n"},
      {"a carriage return", "a\r\nb\rc\n", "a=0D\nb=0Dc\n"},
      {"what mail servers take for the end", ".\n..\n.a\na.\n", "=2E\n=2E.\n=2Ea\na.\n"},
      {"what mailboxes take for the next mail", "From here\n>From\n", "=46rom here\n>From\n"},
      {"a zero byte", std::string("\0\n", 2), "=00\n"},
      {"76 letters", std::string(76, 'a') + "\n", std::string(76, 'a') + "\n"},
      {"77 letters", std::string(77, 'a') + "\n", std::string(75, 'a') + "=\naa\n"},
      {"a full stop after a soft line end", std::string(75, 'a') + ".b\n", std::string(75, 'a') + "=\n=2Eb\n"},
      {"an escape that does not fit", std::string(74, 'a') + "\xC3\xBC\n", std::string(74, 'a') + "=\n=C3=BC\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(quoted_printable(row.text), row.encoded) << row.name;
}

}  // namespace
}  // namespace quern::mail

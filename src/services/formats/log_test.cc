#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/formats/read_for_test.h"

namespace quern::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr RecordFormat::Kind kCombined = RecordFormat::Kind::kCombined;
constexpr RecordFormat::Kind kCommon = RecordFormat::Kind::kCommon;

ReadForTest read_log(RecordFormat::Kind kind, std::string_view text) { return read_for_test({.kind = kind}, text); }

TEST(Log, ReadsCommonAndCombinedLines) {
  const ReadForTest common =
      read_log(kCommon, "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a.gif?b=c HTTP/1.0\" 200 2326\n");
  EXPECT_EQ(common.lines,
            R"({"host":"127.0.0.1","ident":null,"user":"frank","time":"2000-10-10T13:55:36-07:00","method":"GET",)"
            R"("path":"/a.gif?b=c","protocol":"HTTP/1.0","status":200,"bytes":2326})"
            "\n");
  const ReadForTest combined = read_log(kCombined,
                                        "::1 id John Smith [01/Dec/2026:00:00:00 +0130] \"POST / HTTP/2.0\" 404 - "
                                        "\"http://a/\" \"M/5 (X; \\\"y\\\") z\"\r\n");
  EXPECT_EQ(
      combined.lines,
      R"({"host":"::1","ident":"id","user":"John Smith","time":"2026-12-01T00:00:00+01:30","method":"POST",)"
      R"("path":"/","protocol":"HTTP/2.0","status":404,"bytes":null,"referer":"http://a/","agent":"M/5 (X; \"y\") z"})"
      "\n");
}

TEST(Log, LeavesOutWhatNothingReads) {
  const std::string line = "h - - [10/Oct/2000:13:55:36 -0700] \"GET /\xff HTTP/1.1\" 200 5 \"http://a/\" \"agent\"\n";
  const auto reader = make_record_reader({.kind = kCombined}, {"status", "path", "else"});
  const ReadForTest read = read_in_chunks(*reader, line + line, 1000, 1000);
  EXPECT_EQ(read.lines, R"({"host":"h","ident":null,"user":null,"time":"2000-10-10T13:55:36-07:00","method":"GET",)"
                        "\"path\":\"/\ufffd\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":5,"
                        R"("referer":"http://a/","agent":"agent"})"
                        "\n{\"path\":\"/\ufffd\",\"status\":200}\n");
}

std::string with_request(std::string_view request) {
  const std::string line = "h - - [10/Oct/2000:13:55:36 -0700] \"" + std::string(request) + "\" 400 0\n";
  const ReadForTest read = read_log(kCommon, line);
  EXPECT_THAT(read.bad, IsEmpty()) << request;
  const std::size_t begin = read.lines.find(",\"method\"") + 1;
  return read.lines.substr(begin, read.lines.find(",\"status\"") - begin);
}

TEST(Log, TakesWhateverAClientSent) {
  struct Row {
    std::string_view request;
    std::string_view members;
  };
  const Row rows[] = {
      {"-", R"("method":null,"path":null,"protocol":null)"},
      {"", R"("method":null,"path":null,"protocol":null)"},
      {"GET /a b HTTP/1.1", R"("method":"GET","path":"/a b","protocol":"HTTP/1.1")"},
      {"GET /", R"("method":"GET","path":"/","protocol":null)"},
      {"GET /a b", R"("method":null,"path":"GET /a b","protocol":null)"},
      {"\\x16\\x03\\x01", R"("method":null,"path":"\u0016\u0003\u0001","protocol":null)"},
      {"GET /\\xC3\\xA4\\\"\\\\\\n HTTP/1.1",
       "\"method\":\"GET\",\"path\":\"/\u00e4\\\"\\\\\\n\",\"protocol\":\"HTTP/1.1\""},
      {"\\xff \\q \\x1", "\"method\":null,\"path\":\"\ufffd \\\\q \\\\x1\",\"protocol\":null"},
      {"G \xe4", "\"method\":\"G\",\"path\":\"\ufffd\",\"protocol\":null"},
  };
  for (const Row& row : rows) EXPECT_EQ(with_request(row.request), row.members) << row.request;
  // Wherever the first byte is that is not copied as it is.
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string path = "/" + std::string(before, 'a');
    const std::string members = R"("method":"GET","path":")" + path + "\u00e4%\u007fb\\\"\",\"protocol\":null";
    EXPECT_EQ(with_request("GET " + path + "\u00e4%\u007fb\\\""), members);
  }
}

TEST(Log, SaysWhatIsWrongWithALine) {
  struct Row {
    std::string_view line;
    std::string_view reason;
  };
  const Row rows[] = {
      {"x", "it has no host that ends with ' '"},
      {"h - -", "it has no user that ends with ' ['"},
      {"h - - [10/Oct/2000:13:55:36 -0700 \"", "it has no time that ends with '] \"'"},
      {"h - - [2000-10-10T13:55:36] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [30/Feb/2000:13:55:36 -0700] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [29/Feb/2001:13:55:36 -0700] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [00/Oct/2000:13:55:36 -0700] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [10/Oct/2000:24:55:36 -0700] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [10/Oct/2000:13:55:36 -2460] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [10/Okt/2000:13:55:36 -0700] \"GET /\" 200 1", "its time is not written like 10/Oct/2000:13:55:36 -0700"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\\\" 200 1", "the quote of the request is not closed"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\"200 1", "it has no space after the request"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 2x0 1", "its status is not a number"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200", "it has no space after the status"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 ", "its bytes is not a number"},
      {"h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 1 \"-\" \"-\"", "set record: combined"},
  };
  for (const Row& row : rows) {
    const ReadForTest read = read_log(kCommon, std::string(row.line) + "\n");
    EXPECT_EQ(read.lines, "\n") << row.line;
    EXPECT_THAT(read.bad, ElementsAre(HasSubstr(row.reason))) << row.line;
  }
  const std::string common = "h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 1";
  EXPECT_THAT(read_log(kCombined, common).bad, ElementsAre(HasSubstr("it has no referer in quotes")));
  EXPECT_THAT(read_log(kCombined, common + " \"-\"").bad, ElementsAre(HasSubstr("it has no agent in quotes")));
  EXPECT_THAT(read_log(kCombined, common + " \"-\" \"x\" 7").bad,
              ElementsAre(HasSubstr("the line goes on after the agent")));
}

}  // namespace
}  // namespace quern::formats

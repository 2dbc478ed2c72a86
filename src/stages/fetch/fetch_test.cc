#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "model/input.h"
#include "stages/fetch/fetch_for_test.h"

namespace quern::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::FaultServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(FetchTest, PutsFilesWhereTheyBelong) {
  serve(R"({"/a/b": {"size": 5000}, "/a/c/d": {"size": 250000}, "/empty": {"text": ""}, "/e": {"size": 350000}})");
  add("a/b").size_bytes = 5000;
  add("a/c/d").size_bytes = 250000;
  add("empty");
  add("e");
  add("empty", "known_empty").size_bytes = 0;
  run();
  expect_content(0, FaultServer::content(5000));
  expect_content(1, FaultServer::content(250000));
  expect_content(2, "");
  expect_content(3, FaultServer::content(350000));
  expect_content(4, "");
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("a/b", "a/c/d", "empty", "e", "known_empty"));
  for (InputOrdinal input : {0, 1, 2, 3, 4, 4}) fetch_->release(input);
  EXPECT_THAT(files(), IsEmpty());
  fetch_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(FetchTest, TakesWhatServersDoWithoutLengthsAndRanges) {
  serve(R"({"/chunked": {"size": 250000, "faults": [{"chunked": true, "ignore_range": true, "always": true}]},
            "/closed": {"size": 250000, "faults": [{"until_close": true, "ignore_range": true, "always": true}]},
            "/whole": {"size": 250000, "faults": [{"ignore_range": true, "always": true}]},
            "/short": {"size": 250000, "faults": [{"short_range": 60000}, {"short_range": 10}]},
            "/plain": {"size": 250000, "etag": ""},
            "/weak": {"size": 250000, "etag": "W/\"x\""},
            "/zip": {"size": 250000, "gzip": true}})");
  for (const char* key : {"chunked", "closed", "whole", "short", "plain", "weak"}) add(key);
  for (const char* key : {"chunked", "closed", "whole", "short", "plain", "weak"}) {
    add(key, std::string("sized_") + key).size_bytes = 250000;
  }
  add("zip");
  run();
  for (InputOrdinal input = 0; input < 12; ++input) {
    SCOPED_TRACE(remotes_[input].name);
    expect_content(input, FaultServer::content(250000));
  }
  EXPECT_EQ(error(12).message, "no error");
  EXPECT_EQ(contents(path(12)).substr(0, 2), "\x1f\x8b");
}

TEST_F(FetchTest, GoesOnWhereAnAttemptBrokeOff) {
  serve(R"({"/a": {"size": 90000, "faults": [{"reset_after": 50000}, {"status": 503}]},
            "/c": {"size": 250000, "faults": [{"when_first": 100000, "close_after": 70000}]},
            "/d": {"size": 90000, "faults": [{"close_after": 50000}, {"ignore_range": true}]},
            "/e": {"size": 90000, "etag": "", "faults": [{"close_after": 50000}]}})");
  for (const char* key : {"a", "c", "d", "e"}) add(key).size_bytes = *key == 'c' ? 250000 : 90000;
  run();
  for (InputOrdinal input = 0; input < 4; ++input) {
    SCOPED_TRACE(remotes_[input].name);
    expect_content(input, FaultServer::content(*remotes_[input].size_bytes));
  }
  std::string asked = requests();
  EXPECT_THAT(asked, HasSubstr("\"range\": \"bytes=50000-89999\""));
  EXPECT_THAT(asked, HasSubstr("\"range\": \"bytes=170000-199999\""));
}

TEST_F(FetchTest, GoesOnWhereAnAttemptStalled) {
  serve(R"({"/a": {"size": 90000, "faults": [{"stall_after": 20000}]}})");
  options_.http.timeouts.stall = 150ms;
  // On a busy machine, other attempts may also take longer than that.
  options_.attempts = 100;
  add("a").size_bytes = 90000;
  run();
  expect_content(0, FaultServer::content(90000));
  EXPECT_THAT(requests(), HasSubstr("\"range\": \"bytes=20000-89999\""));
}

TEST_F(FetchTest, AccountsForEveryObjectThatFails) {
  serve(R"({"/denied": {"faults": [{"status": 403, "s3_error": "AccessDenied", "always": true}]},
            "/tired": {"faults": [{"status": 503, "s3_error": "SlowDown", "always": true}]},
            "/longer": {"size": 5000}, "/longest": {"size": 500000},
            "/unsized": {"size": 5000, "faults": [{"chunked": true, "ignore_range": true, "always": true}]},
            "/ok": {"size": 5000}})");
  add("missing");
  add("denied");
  add("tired");
  add("longer").size_bytes = 4000;
  add("longest").size_bytes = 400000;
  add("unsized").size_bytes = 4000;
  add("ok");
  run();
  EXPECT_EQ(error(0).kind, ErrorKind::kNotFound);
  EXPECT_EQ(error(0).code, 404);
  EXPECT_THAT(error(0).message, HasSubstr("NoSuchKey"));
  EXPECT_EQ(error(1).kind, ErrorKind::kDenied);
  EXPECT_THAT(error(1).message, AllOf(HasSubstr("/denied"), HasSubstr("AccessDenied"), HasSubstr("REQUEST17")));
  EXPECT_EQ(error(2).kind, ErrorKind::kRetry);
  EXPECT_THAT(error(2).message, HasSubstr("after 3 attempts"));
  EXPECT_THAT(error(3).message, HasSubstr("the object has 5000 bytes, but the list of inputs says 4000"));
  EXPECT_THAT(error(4).message, HasSubstr("the object has 500000 bytes, but the list of inputs says 400000"));
  EXPECT_THAT(error(5).message, HasSubstr("more than the 4000 bytes"));
  EXPECT_EQ(files(), std::vector<std::string>{"ok"});
}

TEST_F(FetchTest, BelievesNoSizeBeforeItsBytesCome) {
  serve(R"({"/a": {"size": 5000}, "/large": {"size": 250000},
            "/absurd": {"size": 5000, "faults": [{"content_length": 9223372036854775807, "ignore_range": true, "always": true}]}})");
  options_.part_bytes = 1000;
  // This many pieces would need more memory than there is.
  add("a", "tera").size_bytes = limits::kMaxInputBytes;
  add("large", "more").size_bytes = limits::kMaxInputBytes;
  add("absurd");
  add("a");
  run();
  EXPECT_THAT(error(0).message, HasSubstr("has 5000 bytes, but the list of inputs says 54975581388800"));
  EXPECT_THAT(error(1).message, HasSubstr("has 250000 bytes, but the list of inputs says 54975581388800"));
  EXPECT_THAT(error(2).message, HasSubstr("9223372036854775807 bytes, which no object has"));
  expect_content(3, FaultServer::content(5000));
}

TEST_F(FetchTest, StartsAChangedObjectOverOnce) {
  serve(R"({"/once": {"size": 250000, "faults": [{"when_first": 100000, "change": {"text": "new"}}]},
            "/mirrors": {"size": 250000, "faults": [{"when_first": 100000, "answer_etag": "\"2\""}, {"answer_etag": "\"2\""}]},
            "/listed": {"size": 250000},
            "/moving": {"size": 250000, "etag": "W/\"1\"", "faults": [{"when_first": 100000, "answer_etag": "W/\"2\""}]}})");
  options_.parallel = 1;
  add("once");
  add("mirrors");
  add("listed").etag = "\"of another time\"";
  remotes_.back().size_bytes = 250000;
  add("moving");
  run();
  expect_content(0, "new");
  // The second attempt is one request, answered by one server.
  for (InputOrdinal input : {1, 2, 3}) expect_content(input, FaultServer::content(250000));
  EXPECT_EQ(notes_.texts.size(), 4U);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("once", "mirrors", "listed", "moving"));
}

TEST_F(FetchTest, VerifiesChecksumsInAndOutOfOrder) {
  const char* s3 = R"("headers": {"x-amz-request-id": "1"})";
  const char* wrong = R"("headers": {"x-amz-checksum-crc32c": "AAAAAA=="})";
  std::ostringstream plan;
  plan << R"({"/once": {"size": 5000, )" << s3 << R"(, "faults": [{"corrupt": true}]},)"
       << R"("/large": {"size": 550000, )" << s3 << R"(, "faults": [{"when_first": 300000, "corrupt": true}]},)"
       << R"("/always": {"size": 5000, )" << s3 << R"(, "faults": [{"corrupt": true, "always": true}]},)"
       << R"("/crc": {"size": 5000, )" << wrong << "},"
       << R"("/resumed": {"size": 90000, )" << s3 << R"(, "faults": [{"close_after": 50000}]}})";
  serve(plan.str());
  for (const char* key : {"once", "large", "always", "crc", "resumed"}) add(key);
  for (Remote& remote : remotes_) remote.size_bytes = 5000;
  remotes_[1].size_bytes = 550000;
  remotes_[4].size_bytes = 90000;
  run();
  expect_content(0, FaultServer::content(5000));
  expect_content(1, FaultServer::content(550000));
  EXPECT_THAT(error(2).message, AllOf(HasSubstr("checksum: ETag says"), HasSubstr("started over once")));
  EXPECT_THAT(error(3).message, HasSubstr("x-amz-checksum-crc32c says 00000000"));
  expect_content(4, FaultServer::content(90000));
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("once", "large", "resumed"));
}

TEST_F(FetchTest, VerifiesPiecesByTheChecksumOfTheWhole) {
  const char* type = R"("x-amz-request-id": "1", "x-amz-checksum-type": "FULL_OBJECT")";
  // Of 250000 and of 5000 bytes, computed by other implementations.
  const char* crc64 = R"("x-amz-checksum-crc64nvme": "8XvnIT0jgAA=")";
  const char* small = R"("x-amz-checksum-crc64nvme": "/cK4Wt3OzGY=")";
  const char* etag = R"("etag": "\"not an MD5\"")";
  const char* corrupt = R"("faults": [{"when_first": 100000, "corrupt": true, "always": true}])";
  std::ostringstream plan;
  plan << R"({"/small": {"size": 5000, )" << etag << R"(, "headers": {"x-amz-request-id": "1", )" << small << "}},"
       << R"("/ranges": {"size": 250000, )" << etag << R"(, "headers": {)" << type << ", " << crc64 << "}},"
       << R"("/head": {"size": 250000, )" << etag << R"(, "headers": {)" << type << R"(}, "head_headers": {)" << crc64
       << "}},"
       << R"("/damaged": {"size": 250000, )" << etag << R"(, "headers": {)" << type << ", " << crc64
       << R"(}, "faults": [{"corrupt": true, "always": true}]},)"
       << R"("/damaged_head": {"size": 250000, )" << etag << ", " << corrupt << R"(, "headers": {)" << type
       << R"(}, "head_headers": {)" << crc64 << "}},"
       << R"("/none": {"size": 250000, )" << etag
       << R"(, "headers": {"x-amz-request-id": "1"}}, "/web": {"size": 100}})";
  serve(plan.str());
  for (const char* key : {"small", "ranges", "head", "damaged", "damaged_head", "none", "web"}) add(key);
  run();
  expect_content(0, FaultServer::content(5000));
  for (InputOrdinal input : {1, 2, 4, 5}) expect_content(input, FaultServer::content(250000));
  EXPECT_THAT(error(3).message, AllOf(HasSubstr("x-amz-checksum-crc64nvme says"), HasSubstr("started over once")));
  // The second attempt is one request, which is not damaged.
  EXPECT_EQ(notes_.texts.size(), 2U);
  EXPECT_THAT(notes_.unverified, ::testing::UnorderedElementsAre(5, 6));
}

TEST_F(FetchTest, VerifiesWhatWasUploadedInParts) {
  constexpr std::size_t kMiB = 1 << 20;
  options_.part_bytes = kMiB;
  const char* s3 = R"("headers": {"x-amz-request-id": "1"}, "size": 10485760)";
  const char* corrupt =
      R"("faults": [{"when_first": 1048576, "corrupt": true, "always": true}, {"corrupt": true, "always": true}])";
  std::ostringstream plan;
  plan << R"({"/told": {)" << s3 << R"(, "parts": [3000000, 3000000, 3000000, 1485760]},)"
       << R"("/guessed": {)" << s3 << R"(, "parts": [8388608, 2097152], "tells_parts": false},)"
       << R"("/reckoned": {)" << s3 << R"(, "parts": [4194304, 4194304, 2097152], "tells_parts": false},)"
       << R"("/odd": {)" << s3 << R"(, "parts": [3000001, 3000000, 4485759], "tells_parts": false},)"
       << R"("/unsaid": {"size": 10485760, "parts": [8388608, 2097152], "tells_parts": false},)"
       << R"("/uneven": {)" << s3 << R"(, "parts": [4000000, 2000000, 4485760]},)"
       << R"("/damaged": {)" << s3 << ", " << corrupt << R"(, "parts": [3000000, 3000000, 3000000, 1485760]}})";
  serve(plan.str());
  for (const char* key : {"told", "guessed", "reckoned", "odd", "uneven", "damaged", "unsaid"}) add(key);
  // A server that does not identify itself as S3, but was asked as one.
  remotes_[6].request.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  run();
  for (InputOrdinal input : {0, 1, 2, 3, 4, 6}) expect_content(input, FaultServer::content(10 * kMiB));
  EXPECT_THAT(error(5).message, HasSubstr("checksum: ETag of 4 parts says"));
  EXPECT_THAT(notes_.unverified, ::testing::UnorderedElementsAre(3, 4));
}

TEST_F(FetchTest, RefusesEncodingsThatItCannotUndo) {
  struct Row {
    const char* encoding;
    bool is_taken;
  };
  const Row rows[] = {{"", true},          {"identity", true},         {"aws-chunked", true}, {"GZip", true},
                      {"zstd", true},      {"gzip,aws-chunked", true}, {"br", false},         {"deflate", false},
                      {"compress", false}, {"gzip, br", false},        {"zstd, zstd", false}};
  std::ostringstream plan;
  const char* between = "{";
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    plan << between << "\"/" << i << R"(": {"size": 20, "headers": {"Content-Encoding": ")" << rows[i].encoding
         << "\"}}";
    between = ", ";
  }
  // By its name, the decoder can tell that it is Brotli.
  serve(plan.str() + R"(, "/a.txt.br": {"size": 20, "headers": {"Content-Encoding": "br"}}})");
  for (std::size_t i = 0; i < std::size(rows); ++i) add(std::to_string(i));
  add("a.txt.br");
  run();
  expect_content(std::size(rows), FaultServer::content(20));
  for (InputOrdinal i = 0; i < std::size(rows); ++i) {
    if (rows[i].is_taken) {
      expect_content(i, FaultServer::content(20));
    } else {
      EXPECT_THAT(error(i).message, HasSubstr("Content-Encoding '" + std::string(rows[i].encoding) + "'"));
    }
  }
}

// A busy host must not keep transfers from other hosts.
TEST_F(FetchTest, LeavesTurnsToOtherHostsWhileOneIsBusy) {
  serve(
      R"({"/a": {"size": 20, "faults": [{"status": 503}, {"status": 503}, {"status": 503}]}, "/b": {"size": 20}, "/c": {"size": 20}})");
  options_.parallel = 1;
  options_.patience = 1min;
  add("a");
  for (const char* key : {"b", "c"}) {
    Remote& other = add(key);
    other.request.url.replace(0, std::string("http://127.0.0.1").size(), "http://localhost");
  }
  run();
  for (InputOrdinal input : {0, 1, 2}) expect_content(input, FaultServer::content(20));
  EXPECT_EQ(settled_, (std::vector<InputOrdinal>{1, 2, 0}));
}

TEST_F(FetchTest, LetsOthersExplainRefusals) {
  serve(R"({"/a": {"faults": [{"status": 403, "s3_error": "AccessDenied", "always": true}]}, "/b": {"size": 20}})");
  add("a");
  add("b");
  fetch_ =
      make_fetch(options_, DownloadFolder::open(folder_, false, notes_).value(), remotes_,
                 {.events = notes_,
                  .on_settled = [](InputOrdinal) {},
                  .explain = [](InputOrdinal input, const http::Response& refusal) -> std::optional<Error> {
                    std::string code = refusal.body.find("AccessDenied") == std::string::npos ? "" : "AccessDenied";
                    return Error{.kind = ErrorKind::kDenied, .message = std::to_string(input) + " explained " + code};
                  }});
  ASSERT_TRUE(fetch_->run({}).ok());
  EXPECT_THAT(error(0).message, HasSubstr("/a: 0 explained AccessDenied"));
  expect_content(1, FaultServer::content(20));
}

}  // namespace
}  // namespace quern::fetch

#include "stages/fetch/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "fakes/fault_server.h"
#include "model/largest_input.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/names.h"

namespace quern::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::FaultServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Notes final : EventSink {
  void emit(const event::Event& event) override {
    if (const auto* note = std::get_if<event::Note>(&event)) texts.push_back(note->text);
    if (const auto* one = std::get_if<event::InputUnverified>(&event)) unverified.push_back(one->input);
  }
  std::vector<std::string> texts;
  std::vector<InputOrdinal> unverified;
};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string read_whole(const Fd& file) {
  std::string text(1000, '\0');
  text.resize(read_some(file, text).value());
  return text;
}

// A server, a folder, and one Fetch over what is to be fetched from the one into the other.
class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    options_.spool_bytes = 1ULL << 30;
    options_.part_bytes = 100000;
    options_.attempts = 3;
    options_.http.retry = {.first_wait = 1ms, .longest_wait = 2ms};
    options_.http.timeouts.stall = 150ms;
  }
  ~FetchTest() override {
    fetch_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve(const std::string& plan) { server_ = std::make_unique<FaultServer>(plan); }
  Remote& add(const std::string& key, const std::string& path = "") {
    auto input = static_cast<InputOrdinal>(remotes_.size());
    remotes_.push_back(
        {.input = input, .request = {.url = server_->url("/" + key)}, .name = path.empty() ? key : path});
    return remotes_.back();
  }
  Fetch& make() {
    auto on_settled = [this](InputOrdinal input) {
      settled_.push_back(input);
      if (on_settled_) on_settled_(input);
    };
    fetch_ = make_fetch(options_, DownloadFolder::open(folder_, options_.keep, notes_).value(), remotes_,
                        {notes_, on_settled});
    return *fetch_;
  }
  // Everything again, as another run of quern would.
  void run() {
    settled_.clear();
    fetch_.reset();
    auto result = make().run(stop_.get_token());
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(settled_.size(), remotes_.size());
  }
  Error error(InputOrdinal input) {
    auto outcome = fetch_->outcome(input);
    return outcome.ok() ? Error{.message = "no error"} : outcome.error();
  }
  std::string path(InputOrdinal input) { return folder_ + "/" + remotes_[input].name; }
  void expect_content(InputOrdinal input, const std::string& content) {
    EXPECT_EQ(error(input).message, "no error");
    EXPECT_EQ(contents(path(input)), content);
  }
  // What lies in the folder, but for folders and the lock.
  std::vector<std::string> files() {
    std::vector<std::string> found;
    if (!std::filesystem::exists(folder_)) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_directory() || entry.path().filename() == kLockName) continue;
      found.push_back(entry.path().lexically_relative(folder_));
    }
    return found;
  }
  std::string requests() {
    auto client = http::make_client({}).value();
    return client->call({.url = server_->url("/_requests")}, nullptr, {}).value().body;
  }
  std::size_t count_requests(const std::string& part = "\"method\"") {
    std::string text = requests();
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  std::string folder_ = ::testing::TempDir() + "fetch_test." + std::to_string(::getpid());
  std::unique_ptr<FaultServer> server_;
  FetchOptions options_;
  std::vector<Remote> remotes_;
  Notes notes_;
  std::stop_source stop_;
  std::vector<InputOrdinal> settled_;
  std::function<void(InputOrdinal)> on_settled_;
  std::unique_ptr<Fetch> fetch_;
};

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
            "/b": {"size": 90000, "faults": [{"stall_after": 20000}]},
            "/c": {"size": 250000, "faults": [{"when_first": 100000, "close_after": 70000}]},
            "/d": {"size": 90000, "faults": [{"close_after": 50000}, {"ignore_range": true}]},
            "/e": {"size": 90000, "etag": "", "faults": [{"close_after": 50000}]}})");
  for (const char* key : {"a", "b", "c", "d", "e"}) add(key).size_bytes = *key == 'c' ? 250000 : 90000;
  run();
  for (InputOrdinal input = 0; input < 5; ++input) {
    SCOPED_TRACE(remotes_[input].name);
    expect_content(input, FaultServer::content(*remotes_[input].size_bytes));
  }
  std::string asked = requests();
  EXPECT_THAT(asked, HasSubstr("\"range\": \"bytes=50000-89999\""));
  EXPECT_THAT(asked, HasSubstr("\"range\": \"bytes=20000-89999\""));
  EXPECT_THAT(asked, HasSubstr("\"range\": \"bytes=170000-199999\""));
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
  // As many pieces of it would take more memory than there is.
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
  // The second time comes in one request, of one server.
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
  // Of 250000 and of 5000 bytes, by other implementations.
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
  // The second time comes in one request, which is not damaged.
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
  // A server that does not say that it is S3, but was asked as one.
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
  serve(plan.str() + "}");
  for (std::size_t i = 0; i < std::size(rows); ++i) add(std::to_string(i));
  run();
  for (InputOrdinal i = 0; i < std::size(rows); ++i) {
    if (rows[i].is_taken) {
      expect_content(i, FaultServer::content(20));
    } else {
      EXPECT_THAT(error(i).message, HasSubstr("Content-Encoding '" + std::string(rows[i].encoding) + "'"));
    }
  }
}

// A host that is busy keeps no transfer from another one.
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

TEST_F(FetchTest, TouchesNothingThatItDidNotFetch) {
  serve(R"({"/a": {"size": 10}})");
  std::filesystem::create_directories(folder_ + "/folder/in");
  std::filesystem::create_directories(folder_ + "/elsewhere");
  std::filesystem::create_directory_symlink("elsewhere", folder_ + "/link");
  std::ofstream(folder_ + "/file") << "old";
  std::ofstream(folder_ + "/elsewhere/x") << "old";
  std::filesystem::create_symlink("file", folder_ + "/planted");
  std::filesystem::create_symlink("file", folder_ + "/.part.quern-part");
  std::filesystem::create_hard_link(folder_ + "/file", folder_ + "/.hard.quern-part");
  struct Row {
    const char* name;
    const char* reason;
  };
  const Row rows[] = {{"folder", "is a folder, where the file of an input"},
                      {"file/y", "/file: a file or a link is in its place"},
                      {"file", "/file is there already and was not fetched by quern; move it away"},
                      {"planted", "was not fetched by quern"},
                      {"link/x", "/link: a file or a link is in its place"},
                      {"link/new", "/link: a file or a link is in its place"},
                      {"part", ".part.quern-part is there already"},
                      {"hard", ".hard.quern-part is there already"}};
  for (const Row& row : rows) add("a", row.name);
  for (bool keep : {false, true}) {
    options_.keep = keep;
    run();
    for (InputOrdinal input = 0; input < remotes_.size(); ++input) {
      EXPECT_THAT(error(input).message, HasSubstr(rows[input].reason)) << rows[input].name;
      EXPECT_EQ(error(input).kind, ErrorKind::kBadInput) << rows[input].name;
      fetch_->release(input);
    }
  }
  fetch_.reset();
  EXPECT_EQ(contents(folder_ + "/file"), "old");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ + "/link"));
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("file", "elsewhere/x", "planted", ".part.quern-part",
                                                       ".hard.quern-part"));
}

TEST_F(FetchTest, HandsOutOnlyWhatItFetched) {
  serve(R"({"/a": {"size": 10}})");
  for (const char* name : {"same", "replaced", "linked", "changed", "gone"}) add("a", name);
  run();
  EXPECT_EQ(read_whole(fetch_->open_file(0).value()), FaultServer::content(10));
  std::ofstream(folder_ + "/mine") << FaultServer::content(10);
  std::filesystem::rename(folder_ + "/mine", path(1));
  std::filesystem::rename(path(2), folder_ + "/moved");
  std::filesystem::create_symlink("moved", path(2));
  std::ofstream(path(3), std::ios::app) << "more";
  std::filesystem::remove(path(4));
  for (InputOrdinal input = 1; input < 5; ++input) {
    EXPECT_FALSE(fetch_->open_file(input).ok()) << remotes_[input].name;
    fetch_->release(input);
  }
  EXPECT_THAT(fetch_->open_file(1).error().message, HasSubstr("is not the file that was fetched"));
  fetch_.reset();
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("replaced", "linked", "moved", "changed"));
}

TEST_F(FetchTest, GivesASecondRunAFolderOfItsOwn) {
  serve(R"({"/a": {"size": 10}, "/b": {"size": 20}})");
  add("a", "x");
  run();
  auto first = std::move(fetch_);
  remotes_ = {};
  add("b", "x");
  run();
  ASSERT_EQ(notes_.texts.size(), 1U);
  EXPECT_THAT(notes_.texts[0], AllOf(HasSubstr("another run is fetching into " + folder_), HasSubstr("/.quern-")));
  EXPECT_EQ(read_whole(first->open_file(0).value()), FaultServer::content(10));
  EXPECT_EQ(read_whole(fetch_->open_file(0).value()), FaultServer::content(20));
  auto third = DownloadFolder::open(folder_, true, notes_);
  EXPECT_EQ(third.error().kind, ErrorKind::kBadConfig);
  EXPECT_THAT(third.error().message, HasSubstr("set downloads.directory to another folder"));
  fetch_.reset();
  EXPECT_THAT(files(), ::testing::ElementsAre("x"));
  first.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(FetchTest, RemovesWhatAKilledRunWouldHaveRemoved) {
  serve(R"({"/a": {"size": 10}, "/b": {"size": 20}})");
  for (const char* name : {"d/a", "c", "changed"}) add("a", name);
  run();
  fetch_->release(1);
  // As after a kill: the files and the lock file are there, and nobody has locked it.
  const std::string killed = folder_ + ".killed";
  std::filesystem::copy(folder_, killed,
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::create_hard_links);
  fetch_.reset();
  EXPECT_THAT(files(), IsEmpty());
  std::filesystem::rename(killed, folder_);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("d/a", "changed"));
  std::ofstream(folder_ + "/changed", std::ios::app) << "more";
  const std::string outside = folder_ + ".outside";
  std::ofstream(outside) << "old";
  struct stat status {};
  ASSERT_EQ(::stat(outside.c_str(), &status), 0);
  std::ofstream(folder_ + "/" + kLockName, std::ios::app)
      << "not a line\n"
      << to_line({.name = "../" + std::filesystem::path(outside).filename().string(), .mark = FileMark::of(status)});
  remotes_ = {};
  add("b", "e");
  run();
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("e", "changed"));
  EXPECT_EQ(contents(outside), "old");
  std::filesystem::remove(outside);
}

TEST_F(FetchTest, FetchesSeveralPartsOfOneObjectAtOnce) {
  serve(R"({"/a": {"size": 800000, "faults": [{"when_first": 0, "wait": 0.1}]}})");
  options_.http.timeouts.stall = 60s;
  options_.parallel = 4;
  add("a").size_bytes = 800000;
  run();
  expect_content(0, FaultServer::content(800000));
  EXPECT_EQ(count_requests(), 8U);
  // The first part is answered last, so that all others came meanwhile.
  EXPECT_EQ(count_requests("\"range\": \"bytes=700000-799999\""), 1U);
}

TEST_F(FetchTest, ResumesWhatAnEarlierRunLeft) {
  serve(R"({"/a": {"size": 450000, "etag": "\"1\"",
                   "faults": [{"when_first": 200000, "stall_after": 30000}, {"when_first": 300000, "change": {"text": "x"}}]},
            "/b": {"size": 450000, "etag": "\"1\"", "faults": [{"when_first": 200000, "status": 403}]}})");
  options_.parallel = 1;
  options_.http.timeouts.stall = 60s;
  add("b").size_bytes = 450000;
  run();
  EXPECT_EQ(error(0).code, 403);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre(".b.quern-part", ".b.quern-state"));
  std::size_t before = count_requests();
  run();
  expect_content(0, FaultServer::content(450000));
  // The first, which says that it is the same object, and those that were missing.
  EXPECT_EQ(count_requests(), before + 4);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("b"));
  fetch_.reset();
  EXPECT_THAT(files(), IsEmpty());
  // Stopped in the middle of a part.
  remotes_ = {};
  add("a").size_bytes = 450000;
  auto count_pieces = [&] { return count_requests("-299999"); };
  const std::size_t asked_before = count_pieces();
  std::thread stopper([&] {
    while (count_pieces() == asked_before) std::this_thread::sleep_for(1ms);
    stop_.request_stop();
  });
  fetch_.reset();
  EXPECT_EQ(make().run(stop_.get_token()).error().kind, ErrorKind::kStopped);
  stopper.join();
  EXPECT_EQ(fetch_->outcome(0).error().kind, ErrorKind::kStopped);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre(".a.quern-part", ".a.quern-state"));
  stop_ = std::stop_source();
  // It goes on in the middle, and then the object is another one.
  remotes_[0].size_bytes.reset();
  remotes_[0].etag = "";
  run();
  expect_content(0, "x");
  // That piece was asked for twice, the second time from where it stopped.
  EXPECT_EQ(count_pieces(), asked_before + 2) << requests();
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("a"));
}

TEST_F(FetchTest, UsesFilesThatWereKept) {
  serve(R"({"/a": {"size": 5000, "etag": "\"1\""}, "/b": {"size": 5000, "etag": "\"2\""}})");
  options_.keep = true;
  add("a").etag = "\"1\"";
  add("b");
  run();
  fetch_->release(0);
  fetch_->release(1);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("a", "b", ".quern-kept"));
  std::size_t before = count_requests();
  // As the listing says so, nothing is asked; without a listing, whether it has changed.
  options_.keep = false;
  run();
  expect_content(0, FaultServer::content(5000));
  expect_content(1, FaultServer::content(5000));
  EXPECT_EQ(count_requests(), before + 1);
  EXPECT_EQ(count_requests("\"if-none-match\": \"\\\"2\\\"\""), 1U);
  fetch_->release(0);
  fetch_->release(1);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("a", "b", ".quern-kept"));
  remotes_[0].etag = "\"other\"";
  std::ofstream(folder_ + "/b") << "somebody's";
  run();
  expect_content(0, FaultServer::content(5000));
  EXPECT_EQ(count_requests(), before + 4);
  EXPECT_THAT(error(1).message, HasSubstr("/b is there already and was not fetched by quern"));
  EXPECT_EQ(contents(folder_ + "/b"), "somebody's");
}

TEST_F(FetchTest, WaitsWhileTheSpoolIsFull) {
  serve(
      R"({"/a": {"size": 40000}, "/chunked": {"size": 40000, "faults": [{"chunked": true, "ignore_range": true, "always": true}]}})");
  options_.spool_bytes = 100000;
  std::size_t most = 0;
  std::vector<InputOrdinal> held;
  for (int i = 0; i < 8; ++i) {
    Remote& remote = add(i % 4 == 3 ? "chunked" : "a", "f" + std::to_string(i));
    if (i % 2 == 0) remote.size_bytes = 40000;
  }
  on_settled_ = [&](InputOrdinal input) {
    held.push_back(input);
    most = std::max(most, held.size());
    // Two fit. The oldest goes only when no third comes without it.
    if (held.size() < 2) return;
    fetch_->release(held.front());
    held.erase(held.begin());
  };
  run();
  EXPECT_EQ(most, 2U);
}

TEST_F(FetchTest, ExceedsTheSpoolForWhatIsNeeded) {
  serve(R"({"/a": {"size": 40000}})");
  options_.spool_bytes = 50000;
  for (int i = 0; i < 5; ++i) add("a", "f" + std::to_string(i)).size_bytes = 40000;
  std::thread user;
  on_settled_ = [&](InputOrdinal input) {
    // A batch of three, none of which is released before all are there.
    if (input == 0) user = std::thread([&] { fetch_->need(0, 3); });
    if (input == 2) {
      for (InputOrdinal released : {0, 1, 2}) fetch_->release(released);
    }
    if (input > 2) fetch_->release(input);
  };
  run();
  user.join();
  // Those that are needed come at once, in any order.
  EXPECT_THAT(settled_, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4));
}

TEST_F(FetchTest, FetchesWhatIsLargerThanTheSpool) {
  serve(
      R"({"/a": {"size": 400000}, "/b": {"size": 400000, "faults": [{"chunked": true, "ignore_range": true, "always": true}]}})");
  options_.spool_bytes = 1000;
  add("a").size_bytes = 400000;
  add("a", "unknown");
  add("b");
  on_settled_ = [&](InputOrdinal input) {
    EXPECT_EQ(std::filesystem::file_size(path(input)), 400000U);
    fetch_->release(input);
  };
  run();
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, EndsWhereTheDiskIsFull) {
  serve(R"({"/a": {"size": 40000}})");
  add("a");
  // No file may grow beyond this: the kernel answers EFBIG, which is of the same kind as a full disk.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit little{10000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  auto result = make().run({});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(result.error().message, HasSubstr("/.a.quern-part: File too large"));
  EXPECT_THAT(settled_, IsEmpty());
}

}  // namespace
}  // namespace quern::fetch

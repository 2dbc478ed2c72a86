#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "stages/fetch/fetch_for_test.h"
#include "stages/fetch/kept_files.h"

namespace quern::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::FaultServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  // As after a kill: the files and the lock file exist, but nobody holds the lock.
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
  options_.parallel = 4;
  add("a").size_bytes = 800000;
  run();
  expect_content(0, FaultServer::content(800000));
  EXPECT_EQ(count_requests(), 8U);
  // The first part is answered last, so all others have arrived by then.
  EXPECT_EQ(count_requests("\"range\": \"bytes=700000-799999\""), 1U);
}

TEST_F(FetchTest, ResumesWhatAnEarlierRunLeft) {
  serve(R"({"/a": {"size": 450000, "etag": "\"1\"",
                   "faults": [{"when_first": 200000, "stall_after": 30000}, {"when_first": 300000, "change": {"text": "x"}}]},
            "/b": {"size": 450000, "etag": "\"1\"", "faults": [{"when_first": 200000, "status": 403}]}})");
  options_.parallel = 1;
  add("b").size_bytes = 450000;
  run();
  EXPECT_EQ(error(0).code, 403);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre(".b.quern-part", ".b.quern-state"));
  std::size_t before = count_requests();
  run();
  expect_content(0, FaultServer::content(450000));
  // The first one, which confirms that the object is the same, and those that were missing.
  EXPECT_EQ(count_requests(), before + 4);
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre("b"));
  fetch_.reset();
  EXPECT_THAT(files(), IsEmpty());
  // Stops in the middle of a part.
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
  // Resumes in the middle, and then the object has changed.
  remotes_[0].size_bytes.reset();
  remotes_[0].etag = "";
  run();
  expect_content(0, "x");
  // That piece was requested twice, the second time from where it had stopped.
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
  // If the listing has the ETag, nothing is requested; without a listing, a request finds out whether it has changed.
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
    // Two fit. The oldest is released only if no third one arrives otherwise.
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
    // A batch of three; none is released before all are complete.
    if (input == 0) user = std::thread([&] { fetch_->need(0, 3); });
    if (input == 2) {
      for (InputOrdinal released : {0, 1, 2}) fetch_->release(released);
    }
    if (input > 2) fetch_->release(input);
  };
  run();
  user.join();
  // Those that are needed are fetched immediately, in any order.
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
  // No file may grow beyond this. The kernel then returns EFBIG, which is handled like a full disk.
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

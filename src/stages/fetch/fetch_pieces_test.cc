#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/encoding.h"
#include "stages/fetch/checksum.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/local_names.h"

namespace quern::fetch {
namespace {

using ::testing::HasSubstr;

TEST(LocalNames, AreThoseThatAreWantedWhereAFileCanHaveThem) {
  for (const char* name : {"a", "a/b.xz", "a b/ü", ".hidden", "...", "a/..b", "-", "a\\b", "127.0.0.1:80/x"}) {
    EXPECT_TRUE(is_plain_name(name)) << name;
    EXPECT_EQ(local_names({{name, "u"}}, 100)[0], name);
  }
  EXPECT_TRUE(is_plain_name(std::string(255, 'a')));
}

TEST(LocalNames, AreQuernsOwnWhereNoFileCanHaveThem) {
  struct Row {
    const char* what;
    std::string name;
    const char* ending;
  };
  const Row rows[] = {
      {"none", "", ""},
      {"absolute", "/etc/a.json.gz", ".json.gz"},
      {"up", "../x", ""},
      {"up inside", "a/../../x.XZ", ".XZ"},
      {"up last", "a/..", ""},
      {"here", "a/./b.tar.xz.gz", ".xz.gz"},
      {"empty part", "a//b.longer-than-nine", ""},
      {"folder", "example.com/a.json/", ""},
      {"host", "example.com/", ""},
      {"NUL", std::string("a\0b.gz", 6), ".gz"},
      {"line feed", "a\n/etc/hostname", ""},
      {"delete", "a\x7f.b", ".b"},
      {"long part", "a/" + std::string(253, 'x') + ".gz", ".gz"},
      {"long", std::string(60, 'y') + "/" + std::string(60, 'y') + ".gz", ".gz"},
      {"part file", "a/.b.quern-part", ""},
      {"folder of a part", "a/.b.quern-part/c", ""},
      {"state file", ".b.quern-state", ""},
      {"kept files", "a/.quern-kept", ""},
      {"lock", ".quern-lock", ""},
      {"one of these", ".quern-names/0123456789abcdef0123456789abcdef", ""},
  };
  std::vector<Wanted> wanted;
  for (const Row& row : rows) wanted.push_back({.name = row.name, .url = row.what});
  const std::vector<std::string> names = local_names(wanted, 100);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string begin = ".quern-names/";
    EXPECT_EQ(names[i].substr(0, begin.size()), begin) << rows[i].what;
    EXPECT_EQ(names[i].substr(begin.size() + 32), rows[i].ending) << rows[i].what;
  }
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(local_names(wanted, 1000), local_names(wanted, 1000)) << "the same in each run";
}

TEST(LocalNames, AreNeverTwiceTheSameNorTheFolderOfAnother) {
  std::vector<Wanted> wanted;
  for (const char* name : {"a", "b/c", "a", "b", "a/d", "b/e", "f/g/h", "f/g", "f", "ab"}) {
    wanted.push_back({.name = name, .url = std::to_string(wanted.size())});
  }
  std::vector<std::string> kept;
  for (const std::string& name : local_names(wanted, 100)) {
    if (!name.starts_with(".quern-names/")) kept.push_back(name);
  }
  EXPECT_THAT(kept, ::testing::ElementsAre("b/c", "a/d", "b/e", "f/g/h", "ab"));
}

TEST(Names, LeaveRoomForTheirEnding) {
  EXPECT_EQ(part_name("a/b"), ".b.quern-part");
  EXPECT_EQ(state_name("b"), ".b.quern-state");
  EXPECT_EQ(in_folder_of("a/b", "c"), "a/c");
  EXPECT_EQ(in_folder_of("b", "c"), "c");
  std::string longest(255, 'x');
  std::string other = longest;
  other.back() = 'y';
  EXPECT_LE(part_name("a/" + longest).size(), 255U);
  EXPECT_NE(part_name("a/" + longest), part_name("a/" + other));
  EXPECT_TRUE(is_own_name(part_name("a/" + longest)));
}

TEST(RunningChecksum, IsWhatOthersReckon) {
  struct Row {
    Checksum::Algorithm algorithm;
    const char* value;
  };
  const Row rows[] = {
      {Checksum::Algorithm::kCrc32c, "e3069283"},
      {Checksum::Algorithm::kCrc32, "cbf43926"},
      {Checksum::Algorithm::kCrc64Nvme, "ae8b14860a799888"},
      {Checksum::Algorithm::kSha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
      {Checksum::Algorithm::kSha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
      {Checksum::Algorithm::kMd5, "25f9e794323b453885f5181f1b624d0b"},
  };
  for (const Row& row : rows) {
    auto digest = make_running_checksum({.algorithm = row.algorithm, .value = "", .name = ""});
    digest->add("1234");
    digest->add("");
    digest->add("56789");
    EXPECT_EQ(hex_encode(digest->value()), row.value);
  }
}

std::string checksum_name(http::Head head) {
  auto checksum = checksum_of(head);
  return checksum.has_value() ? checksum->name + " " + hex_encode(checksum->value) : "";
}

TEST(ChecksumOf, TakesOnlyWhatIsOfTheWholeObject) {
  const std::string md5 = "\"25f9e794323b453885f5181f1b624d0b\"";
  const http::Header s3{"x-amz-request-id", "1"};
  EXPECT_EQ(checksum_name({.status = 206, .headers = {s3, {"etag", md5}}}), "ETag 25f9e794323b453885f5181f1b624d0b");
  EXPECT_EQ(checksum_name({.status = 200, .headers = {s3, {"etag", md5}, {"x-amz-checksum-crc32c", "4waSgw=="}}}),
            "x-amz-checksum-crc32c e3069283");
  EXPECT_EQ(checksum_name({.status = 200, .headers = {{"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="}}}),
            "x-amz-checksum-sha1 f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(checksum_name(
                {.status = 206,
                 .headers = {{"x-amz-checksum-crc64nvme", "rosUhgp5mIg="}, {"x-amz-checksum-type", "FULL_OBJECT"}}}),
            "x-amz-checksum-crc64nvme ae8b14860a799888");
  EXPECT_EQ(checksum_name(
                {.status = 206, .headers = {{"x-amz-checksum-crc32c", "4waSgw=="}, {"content-range", "bytes 0-8/9"}}}),
            "x-amz-checksum-crc32c e3069283");
  struct Row {
    const char* name;
    http::Head head;
  };
  const Row rows[] = {
      {"a byte too few", {.status = 200, .headers = {{"x-amz-checksum-crc32c", "4waS"}}}},
      {"a byte too few, as long as text", {.status = 200, .headers = {{"x-amz-checksum-crc64nvme", "rosUhgp5mA=="}}}},
      {"a byte too many, as long as text", {.status = 200, .headers = {{"x-amz-checksum-crc64nvme", "rosUhgp5mIgA"}}}},
      {"not base64", {.status = 200, .headers = {{"x-amz-checksum-crc32c", "4waSg!=="}}}},
      {"not S3", {.status = 200, .headers = {{"etag", md5}}}},
      {"multi-part", {.status = 200, .headers = {s3, {"etag", "\"25f9e794323b453885f5181f1b624d0b-3\""}}}},
      {"weak", {.status = 200, .headers = {s3, {"etag", "W/" + md5}}}},
      {"upper case", {.status = 200, .headers = {s3, {"etag", "\"25F9E794323B453885F5181F1B624D0B\""}}}},
      {"KMS", {.status = 200, .headers = {s3, {"etag", md5}, {"x-amz-server-side-encryption", "aws:kms"}}}},
      {"customer's key",
       {.status = 200, .headers = {s3, {"etag", md5}, {"x-amz-server-side-encryption-customer-algorithm", "AES256"}}}},
      // As moto sends it: the checksum of the parts' checksums.
      {"of an upload in parts",
       {.status = 200,
        .headers = {{"etag", "\"25f9e794323b453885f5181f1b624d0b-3\""}, {"x-amz-checksum-crc32c", "4waSgw=="}}}},
      {"of a part in parts",
       {.status = 206, .headers = {{"x-amz-checksum-crc32c", "4waSgw=="}, {"x-amz-checksum-type", "COMPOSITE"}}}},
      {"of a part",
       {.status = 206, .headers = {{"x-amz-checksum-crc32c", "4waSgw=="}, {"content-range", "bytes 0-8/10"}}}},
      {"composite",
       {.status = 200, .headers = {{"x-amz-checksum-crc32c", "4waSgw=="}, {"x-amz-checksum-type", "COMPOSITE"}}}},
      {"of parts", {.status = 200, .headers = {{"x-amz-checksum-crc32c", "4waSgw==-2"}}}},
      {"no base64", {.status = 200, .headers = {{"x-amz-checksum-crc32c", "????????"}}}},
  };
  for (const Row& row : rows) EXPECT_EQ(checksum_name(row.head), "") << row.name;
}

TEST(ResumeState, IsReadAsItWasWritten) {
  ResumeState state{.boot = "b", .etag = "\"e f\"", .size_bytes = 100, .taken = {{0, 10}, {20, 80}}};
  auto read = parse_resume_state(to_text(state));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->boot, "b");
  EXPECT_EQ(read->etag, "\"e f\"");
  EXPECT_EQ(read->size_bytes, 100U);
  ASSERT_EQ(read->taken.size(), 2U);
  EXPECT_EQ(read->taken[1].first, 20U);
  EXPECT_EQ(read->taken[1].count, 80U);
}

TEST(ResumeState, IsNothingIfItIsCutShortOrDoesNotFit) {
  std::string text = to_text({.boot = "b", .etag = "e", .size_bytes = 100, .taken = {{0, 10}, {20, 80}}});
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_resume_state(text.substr(0, size)).has_value()) << size;
  }
  std::string head = "quern-state 1\nboot b\netag e\nsize 100\n";
  EXPECT_TRUE(parse_resume_state(head + "end\n").has_value());
  for (const char* rest : {"taken 0 101\nend\n", "taken 101 0\nend\n", "taken 10 5\ntaken 14 5\nend\n",
                           "taken 1\nend\n", "taken x 1\nend\n", "taken 1 18446744073709551615\nend\n", "end\nend\n"}) {
    EXPECT_FALSE(parse_resume_state(head + rest).has_value()) << rest;
  }
}

TEST(KeptLine, IsReadAsItWasWritten) {
  KeptFile file{.name = "a\tb\nc", .etag = "\"e\t\"", .mark = {.size_bytes = 7, .changed_ns = -5}};
  std::string line = to_line(file);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto read = parse_kept_line(line.substr(0, line.size() - 1));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->name, file.name);
  EXPECT_EQ(read->etag, file.etag);
  EXPECT_EQ(read->mark.size_bytes, 7U);
  EXPECT_EQ(read->mark.changed_ns, -5);
  EXPECT_EQ(parse_kept_line("1\t2\t\tn")->etag, "");
  for (const char* broken :
       {"", "1", "1\t2", "1\t2\tq", "x\t2\tq\tn", "1\tx\tq\tn", "1\t2\t%\tn", "1\t2\tq\tn\tm", "1\t2\tq\t"}) {
    EXPECT_FALSE(parse_kept_line(broken).has_value()) << broken;
  }
}

TEST(KeptFiles, AreTrustedUntilTheyChange) {
  NoEvents events;
  std::string directory = ::testing::TempDir() + "kept_files_test." + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  {
    auto folder = DownloadFolder::open(directory, true, events).value();
    const std::string path = folder->path_of("a");
    std::ofstream(path) << "12345";
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    const FileMark mark = FileMark::of(status);
    EXPECT_FALSE(KeptFiles(*folder).find("a").has_value());
    ASSERT_TRUE(KeptFiles(*folder).add("a", "\"1\"", mark).ok());
    ASSERT_TRUE(KeptFiles(*folder).add("a", "\"2\"", mark).ok());
    EXPECT_EQ(KeptFiles(*folder).find("a")->etag, "\"2\"");
    EXPECT_FALSE(KeptFiles(*folder).find("b").has_value());
    EXPECT_FALSE(KeptFiles(*folder).find("folder/b").has_value());
    std::ofstream(path) << "123456";
    EXPECT_FALSE(KeptFiles(*folder).find("a").has_value());
    ::unlink(path.c_str());
    EXPECT_FALSE(KeptFiles(*folder).find("a").has_value());
  }
  std::filesystem::remove_all(directory);
}

TEST(KeptFiles, AreNotTrustedWhereAnotherUserSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  NoEvents events;
  std::string directory = ::testing::TempDir() + "kept_files_test." + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  constexpr uid_t kNobody = 65534;
  std::ofstream(directory + "/a") << "12345";
  struct stat status {};
  ASSERT_EQ(::stat((directory + "/a").c_str(), &status), 0);
  std::ofstream(directory + "/" + kKeptName) << to_line({.name = "a", .mark = FileMark::of(status)});
  {
    auto folder = DownloadFolder::open(directory, true, events).value();
    EXPECT_TRUE(KeptFiles(*folder).find("a").has_value());
    ASSERT_EQ(::chown((directory + "/" + kKeptName).c_str(), kNobody, kNobody), 0);
    EXPECT_FALSE(KeptFiles(*folder).find("a").has_value());
  }
  std::ofstream(directory + "/" + kLockName) << "";
  ASSERT_EQ(::chown((directory + "/" + kLockName).c_str(), kNobody, kNobody), 0);
  EXPECT_THAT(DownloadFolder::open(directory, true, events).error().message, HasSubstr("belongs to another user"));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace quern::fetch

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "stages/fetch/clashes.h"
#include "stages/fetch/digest.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/names.h"
#include "stages/fetch/resume_state.h"

namespace quern::fetch {
namespace {

using ::testing::HasSubstr;

TEST(SafePath, StaysInItsFolder) {
  for (const char* key : {"a", "a/b.xz", "a b/ü", ".hidden", "...", "a/..b", "-", "a\\b", "a\nb"}) {
    EXPECT_EQ(safe_path("/x/s3", key).value(), std::string("/x/s3/") + key);
  }
  EXPECT_TRUE(safe_path("/x", std::string(255, 'a')).ok());
}

TEST(SafePath, SaysWhyAKeyCannotBeAFile) {
  struct Row {
    const char* name;
    std::string key;
    const char* reason;
  };
  const Row rows[] = {
      {"empty", "", "empty"},
      {"absolute", "/etc/passwd", "begins with '/'"},
      {"up", "../x", "'.' or '..'"},
      {"up inside", "a/../../x", "'.' or '..'"},
      {"up last", "a/..", "'.' or '..'"},
      {"here", "a/./b", "'.' or '..'"},
      {"empty part", "a//b", "empty part"},
      {"folder", "a/", "ends with '/'"},
      {"NUL", std::string("a\0b", 3), "NUL"},
      {"long part", "a/" + std::string(256, 'x'), "longer than 255"},
      {"long",
       [] {
         std::string key = "x";
         for (int i = 0; i < 50; ++i) key += "/" + std::string(100, 'y');
         return key;
       }(),
       "too long"},
      {"part file", "a/.b.quern-part", "files of its own"},
      {"state file", ".b.quern-state", "files of its own"},
      {"kept files", "a/.quern-kept", "files of its own"},
  };
  for (const Row& row : rows) {
    auto path = safe_path("/x", row.key);
    ASSERT_FALSE(path.ok()) << row.name;
    EXPECT_EQ(path.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_THAT(path.error().message, HasSubstr(row.reason)) << row.name;
  }
}

TEST(Names, LeaveRoomForTheirEnding) {
  EXPECT_EQ(part_path("/a/b"), "/a/.b.quern-part");
  EXPECT_EQ(state_path("/b"), "/.b.quern-state");
  std::string longest(255, 'x');
  std::string other = longest;
  other.back() = 'y';
  EXPECT_LE(name_of(part_path("/a/" + longest)).size(), 255U);
  EXPECT_NE(part_path("/a/" + longest), part_path("/a/" + other));
  EXPECT_TRUE(is_own_name(name_of(part_path("/a/" + longest))));
}

TEST(Clashes, AreFoundBeforeAnythingIsFetched) {
  std::vector<Remote> remotes;
  for (const char* path : {"/s/a", "/s/b/c", "/s/a", "/s/b", "/s/a/d", "/s/b/e", "/s/f/g/h", "/s/f/g", "/s/ab"}) {
    remotes.push_back({.path = path});
  }
  auto clashes = find_clashes(remotes);
  std::vector<bool> found;
  for (const auto& clash : clashes) found.push_back(clash.has_value());
  EXPECT_THAT(found, ::testing::ElementsAre(false, false, true, true, true, false, false, true, false));
  EXPECT_THAT(clashes[2]->message, HasSubstr("/s/a is where another input goes already"));
  EXPECT_THAT(clashes[3]->message, HasSubstr("/s/b is a folder"));
  EXPECT_THAT(clashes[4]->message, HasSubstr("file of another input"));
}

TEST(Digest, IsWhatOthersReckon) {
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
    auto digest = make_digest({.algorithm = row.algorithm, .value = "", .name = ""});
    digest->add("1234");
    digest->add("");
    digest->add("56789");
    EXPECT_EQ(to_hexadecimal(digest->value()), row.value);
  }
}

std::string checksum_name(http::Head head) {
  auto checksum = checksum_of(head);
  return checksum.has_value() ? checksum->name + " " + to_hexadecimal(checksum->value) : "";
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
      {"not S3", {.status = 200, .headers = {{"etag", md5}}}},
      {"multi-part", {.status = 200, .headers = {s3, {"etag", "\"25f9e794323b453885f5181f1b624d0b-3\""}}}},
      {"weak", {.status = 200, .headers = {s3, {"etag", "W/" + md5}}}},
      {"upper case", {.status = 200, .headers = {s3, {"etag", "\"25F9E794323B453885F5181F1B624D0B\""}}}},
      {"KMS", {.status = 200, .headers = {s3, {"etag", md5}, {"x-amz-server-side-encryption", "aws:kms"}}}},
      {"customer's key",
       {.status = 200, .headers = {s3, {"etag", md5}, {"x-amz-server-side-encryption-customer-algorithm", "AES256"}}}},
      // As moto says it: that of the checksums of the parts.
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
  KeptFile file{.name = "a\tb\nc", .etag = "\"e\t\"", .size_bytes = 7, .changed_ns = -5};
  std::string line = to_line(file);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto read = parse_kept_line(line.substr(0, line.size() - 1));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->name, file.name);
  EXPECT_EQ(read->etag, file.etag);
  EXPECT_EQ(read->size_bytes, 7U);
  EXPECT_EQ(read->changed_ns, -5);
  for (const char* broken :
       {"", "1", "1\t2", "1\t2\tq", "x\t2\tq\tn", "1\tx\tq\tn", "1\t2\t%\tn", "1\t2\tq\tn\tm", "1\t2\tq\t"}) {
    EXPECT_FALSE(parse_kept_line(broken).has_value()) << broken;
  }
}

TEST(KeptFiles, AreTrustedUntilTheyChange) {
  std::string folder = ::testing::TempDir() + "kept_files_test." + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  std::string path = folder + "/a";
  std::ofstream(path) << "12345";
  KeptFiles writer;
  EXPECT_FALSE(writer.find(path).has_value());
  ASSERT_TRUE(writer.add(path, "\"1\"").ok());
  ASSERT_TRUE(writer.add(path, "\"2\"").ok());
  EXPECT_EQ(KeptFiles().find(path)->etag, "\"2\"");
  EXPECT_FALSE(KeptFiles().find(folder + "/b").has_value());
  std::ofstream(path) << "123456";
  EXPECT_FALSE(KeptFiles().find(path).has_value());
  ::unlink(path.c_str());
  EXPECT_FALSE(KeptFiles().find(path).has_value());
  ::unlink(kept_path(folder).c_str());
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace quern::fetch

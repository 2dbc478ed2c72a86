#include "services/archive/job_pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace quern::archive {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::size_t kMostPackBytes = 1 << 20;

class JobPack : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/job-pack-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directory(folder_ / "job");
    fs::create_directory(folder_ / "there");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
  }
  Result<std::string> pack(std::vector<std::string> left_out = {}, std::size_t most_text = kMostPackBytes) const {
    return pack_folder(
        (folder_ / "job").string(),
        {.left_out = std::move(left_out), .most_text_bytes = most_text, .most_folder_bytes = kMostPackBytes});
  }
  Result<void> unpack(const std::string& text) const {
    return unpack_folder(text, (folder_ / "there").string(), kMostPackBytes);
  }
  // Files with their content, and folders with a trailing / in their name.
  std::map<std::string, std::string> there() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "there")) {
      std::string name = fs::relative(entry.path(), folder_ / "there").string();
      std::ifstream file(entry.path());
      found[name + (entry.is_directory() ? "/" : "")] =
          entry.is_directory() ? "" : std::string(std::istreambuf_iterator<char>(file), {});
    }
    return found;
  }

  fs::path folder_;
};

TEST_F(JobPack, GoesBothWays) {
  write("job/analysis-tools.yml", "mapper: {script: mapper.py}\n");
  write("job/mapper.py", "");
  write("job/lib/deep/\xc3\xa4 b.py", "x = 1\n");
  write("job/run.sh", "#!/bin/sh\n");
  fs::create_directory(folder_ / "job/empty");
  fs::permissions(folder_ / "job/run.sh", fs::perms::owner_all);
  auto text = pack();
  ASSERT_TRUE(text.ok()) << text.error().message;
  ASSERT_TRUE(unpack(text.value()).ok());
  EXPECT_THAT(there(), ElementsAre(Pair("analysis-tools.yml", "mapper: {script: mapper.py}\n"), Pair("empty/", ""),
                                   Pair("lib/", ""), Pair("lib/deep/", ""), Pair("lib/deep/\xc3\xa4 b.py", "x = 1\n"),
                                   Pair("mapper.py", ""), Pair("run.sh", "#!/bin/sh\n")));
  auto is_executable = [&](const char* name) {
    return (fs::status(folder_ / "there" / name).permissions() & fs::perms::owner_exec) != fs::perms::none;
  };
  EXPECT_TRUE(is_executable("run.sh"));
  EXPECT_FALSE(is_executable("mapper.py"));
}

TEST_F(JobPack, IsTheSameForTheSameFiles) {
  for (const char* name : {"job/a.py", "job/b/c.py", "job/b.py"}) write(name, name);
  const std::string first = pack().value();
  fs::rename(folder_ / "job", folder_ / "earlier");
  for (const char* name : {"job/b.py", "job/b/c.py", "job/a.py"}) write(name, name);
  for (const char* name : {"job/a.py", "job/b"}) {
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - std::chrono::hours(1000));
  }
  fs::permissions(folder_ / "job/a.py", fs::perms::owner_read);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((folder_ / "job/b.py").c_str(), 1234, 1234), 0);
  }
  EXPECT_EQ(pack().value(), first);
}

TEST_F(JobPack, LeavesOutWhatNoModuleNeeds) {
  for (const char* name : {"job/mapper.py", "job/.git/config", "job/lib/.secret", "job/__pycache__/mapper.pyc",
                           "job/lib/old.pyc", "job/lib/data/a.gz", "job/data/b.gz", "job/data.txt"}) {
    write(name, "x");
  }
  ASSERT_TRUE(unpack(pack({"./data/", "lib/data", "not there"}).value()).ok());
  EXPECT_THAT(there(), ElementsAre(Pair("data.txt", "x"), Pair("lib/", ""), Pair("mapper.py", "x")));
}

TEST_F(JobPack, TakesLinksToItsOwnFilesAsFiles) {
  write("job/lib/shared.py", "x = 1\n");
  fs::create_symlink("lib/shared.py", folder_ / "job/mapper.py");
  ASSERT_TRUE(unpack(pack().value()).ok());
  EXPECT_FALSE(fs::is_symlink(folder_ / "there/mapper.py"));
  EXPECT_EQ(there().at("mapper.py"), "x = 1\n");
}

TEST_F(JobPack, RefusesWhatIsNoFileOfItsOwn) {
  struct Row {
    const char* name;
    const char* target;
    const char* says;
  };
  write("outside", "x");
  write("jobs/outside", "x");
  fs::create_directory(folder_ / "job/lib");
  for (const Row& row :
       {Row{"a file outside", "../outside", "not in the folder"},
        Row{"a folder that begins alike", "../jobs/outside", "not in the folder"},
        Row{"an absolute path", "/etc/hostname", "not in the folder"}, Row{"a folder", "lib", "folder"},
        Row{"itself", "link", "link"}, Row{"nothing", "not there", "link"}}) {
    fs::create_symlink(row.target, folder_ / "job/link");
    auto text = pack();
    ASSERT_FALSE(text.ok()) << row.name;
    EXPECT_THAT(text.error().message, HasSubstr(row.says)) << row.name;
    fs::remove(folder_ / "job/link");
  }
  ASSERT_EQ(::mkfifo((folder_ / "job/fifo").c_str(), 0600), 0);
  EXPECT_THAT(pack().error().message, HasSubstr("fifo is neither"));
}

TEST_F(JobPack, NamesTheLargestFilesOfOneThatIsTooLarge) {
  write("job/mapper.py", "x");
  write("job/data.json", std::string(kMostPackBytes, 'x'));
  EXPECT_THAT(pack().error().message, HasSubstr("data.json (1.0 MB), mapper.py"));
  EXPECT_TRUE(pack({"data.json"}).ok());
  auto text = pack({"data.json"}, 20);
  EXPECT_EQ(text.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(text.error().message, HasSubstr("once packed, and 20 B are allowed"));
  EXPECT_THAT(text.error().message, HasSubstr("mapper.py (1 B)"));
}

// One entry as another program might write it.
struct Made {
  const char* name;
  unsigned type = AE_IFREG;
  const char* link = nullptr;
  bool is_hard_link = false;
  std::string content = "x";
};

std::string made_by_hand(const std::vector<Made>& entries) {
  std::string tar(1 << 20, '\0');
  std::size_t used = 0;
  ::archive* writer = ::archive_write_new();
  ::archive_write_set_format_gnutar(writer);
  ::archive_write_open_memory(writer, tar.data(), tar.size(), &used);
  for (const Made& made : entries) {
    ::archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, made.name);
    ::archive_entry_set_filetype(entry, made.type);
    ::archive_entry_set_perm(entry, 04777);
    if (made.link != nullptr && made.is_hard_link) ::archive_entry_set_hardlink(entry, made.link);
    if (made.link != nullptr && !made.is_hard_link) ::archive_entry_set_symlink(entry, made.link);
    bool has_content = made.type == AE_IFREG && made.link == nullptr;
    ::archive_entry_set_size(entry, has_content ? static_cast<::la_int64_t>(made.content.size()) : 0);
    ::archive_write_header(writer, entry);
    if (has_content) ::archive_write_data(writer, made.content.data(), made.content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(writer);
  ::archive_write_free(writer);
  return text_of(tar.substr(0, used));
}

TEST_F(JobPack, StaysWithinItsFolder) {
  struct Row {
    const char* name;
    std::vector<Made> entries;
    const char* says;
  };
  write("outside", "kept");
  const std::vector<Row> rows = {
      {"a parent", {{.name = "../outside"}}, "outside of its folder"},
      {"a parent within", {{.name = "a/../../outside"}}, "outside of its folder"},
      {"a parent at the end", {{.name = "a/.."}}, "outside of its folder"},
      {"an absolute path", {{.name = "/tmp/outside"}}, "outside of its folder"},
      {"a double slash", {{.name = "a//b"}}, "outside of its folder"},
      {"a symbolic link", {{.name = "a", .type = AE_IFLNK, .link = "../outside"}}, "neither a file"},
      {"a hard link", {{.name = "a"}, {.name = "b", .link = "a", .is_hard_link = true}}, "neither a file"},
      {"a character device", {{.name = "a", .type = AE_IFCHR}}, "neither a file"},
      {"a FIFO", {{.name = "a", .type = AE_IFIFO}}, "neither a file"},
      {"a file twice", {{.name = "twice"}, {.name = "twice"}}, "File exists"},
      {"a folder that is a file", {{.name = "file"}, {.name = "file/b"}}, "File exists"},
  };
  for (const Row& row : rows) {
    auto unpacked = unpack(made_by_hand(row.entries));
    ASSERT_FALSE(unpacked.ok()) << row.name;
    EXPECT_THAT(unpacked.error().message, HasSubstr(row.says)) << row.name;
    fs::remove_all(folder_ / "there");
    fs::create_directory(folder_ / "there");
  }
  std::ifstream outside(folder_ / "outside");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(outside), {}), "kept");
}

TEST_F(JobPack, FollowsNoLinkThatStoodThere) {
  fs::create_directory(folder_ / "elsewhere");
  fs::create_symlink("../elsewhere", folder_ / "there/lib");
  EXPECT_FALSE(unpack(made_by_hand({{.name = "lib/a"}})).ok());
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

TEST_F(JobPack, TakesWhatOthersMade) {
  ASSERT_TRUE(unpack(made_by_hand({{.name = "a/b/c", .content = "1"}, {.name = "a/d/", .type = AE_IFDIR}})).ok());
  EXPECT_THAT(there(), ElementsAre(Pair("a/", ""), Pair("a/b/", ""), Pair("a/b/c", "1"), Pair("a/d/", "")));
  // No mode bits beyond those of quern's own packs.
  EXPECT_EQ(fs::status(folder_ / "there/a/b/c").permissions() & fs::perms::set_uid, fs::perms::none);
  EXPECT_FALSE(unpack(text_of("no archive at all, but long enough to look as if it were one")).ok());
}

constexpr std::size_t kMostBytes = 1 << 20;

TEST(Frame, GoesBothWays) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& bytes : {std::string(), std::string("a"), all, std::string(100000, 'x')}) {
    EXPECT_EQ(bytes_of(text_of(bytes), kMostBytes).value(), bytes);
  }
  EXPECT_EQ(text_of(all), text_of(all));
}

TEST(Frame, RefusesWhatIsNone) {
  struct Row {
    const char* name;
    std::string text;
    const char* says;
  };
  const std::string good = text_of(std::string(3000, 'x') + "and other letters than these");
  std::string packed = base64_decode(good).value();
  std::string damaged = packed;
  damaged[damaged.size() - 3] ^= 1;
  const std::vector<Row> rows = {
      {"nothing", "", "no zstd"},
      {"words", "this is no pack!", "not base64"},
      {"base64 of words", base64_encode("this is no pack"), "no zstd"},
      {"cut", good.substr(0, good.size() - 8), "damaged"},
      {"cut within four letters", good.substr(0, good.size() - 3), "cut off"},
      {"a changed checksum", base64_encode(damaged), "damaged"},
      {"bytes behind it", base64_encode(packed + "more"), "damaged"},
  };
  for (const Row& row : rows) {
    auto bytes = bytes_of(row.text, kMostBytes);
    ASSERT_FALSE(bytes.ok()) << row.name;
    EXPECT_EQ(bytes.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_THAT(bytes.error().message, HasSubstr(row.says)) << row.name;
  }
}

TEST(Frame, IsNoBomb) {
  const std::string zeros = text_of(std::string(kMostBytes + 1, '\0'));
  EXPECT_LT(zeros.size(), 1000U);
  EXPECT_THAT(bytes_of(zeros, kMostBytes).error().message, HasSubstr("1.0 MB are allowed"));
  // A second frame after one that declares its true size.
  std::string two = base64_decode(text_of("a")).value() + base64_decode(zeros).value();
  EXPECT_FALSE(bytes_of(base64_encode(two), kMostBytes).ok());
}

}  // namespace

}  // namespace quern::archive

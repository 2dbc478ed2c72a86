#include "app/doctor/machine_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "model/limits.h"
#include "services/disk/files.h"

namespace quern::app::doctor {
namespace {

using State = Finding::State;
using testing::HasSubstr;
constexpr std::uint64_t kGiB = limits::kGiB;

struct Expected {
  State state;
  const char* found;
  const char* fix;
};

void expect(const char* name, const Finding& finding, const Expected& expected) {
  EXPECT_EQ(finding.state, expected.state) << name;
  EXPECT_THAT(finding.found, HasSubstr(expected.found)) << name;
  EXPECT_THAT(finding.fix, HasSubstr(expected.fix)) << name;
  EXPECT_EQ(finding.fix.empty(), *expected.fix == '\0') << name;
}

TEST(CheckMemory, ComparesWithWhatTheShuffleMayTake) {
  expect("enough", check_memory(Memory{4 * kGiB, 2 * kGiB, false}, kGiB),
         {State::kOk, "2.1 GB available of 4.3 GB", ""});
  expect("used by others", check_memory(Memory{4 * kGiB, kGiB / 2, false}, kGiB),
         {State::kNote, "limits.memory is 1.1 GB", "quern run --memory 256MiB"});
  expect("too little", check_memory(Memory{kGiB / 2, kGiB / 4, true}, kGiB),
         {State::kMissing, "that the control group allows", "quern run --memory 256MiB"});
  expect("nearly none", check_memory(Memory{1, 0, true}, kGiB), {State::kMissing, "", "quern run --memory 16MiB"});
  expect("unknown", check_memory(std::nullopt, kGiB), {State::kNote, "does not say", ""});
}

TEST(CheckProcessors, ComparesWithTheControlGroup) {
  expect("no group", check_processors({8, std::nullopt, 8}), {State::kOk, "8, and 8 children run at once", ""});
  expect("enough", check_processors({8, 2.0, 2}), {State::kOk, "8, and 2 children run", ""});
  expect("too many", check_processors({8, 1.5, 8}), {State::kNote, "the time of 1.5", "quern run -p 2"});
  expect("half of one", check_processors({1, 0.5, 1}), {State::kNote, "1 child runs", "quern run -p 1"});
}

TEST(CheckOpenFiles, SaysHowManyAreNeeded) {
  const Descriptors descriptors{.children = 4, .transfers = 8};
  const std::uint64_t needed = needed_open_files(descriptors);
  EXPECT_GT(needed, needed_open_files({.children = 4, .transfers = 0}));
  EXPECT_LT(needed, 1024U);
  expect("enough", check_open_files(needed, descriptors), {State::kOk, "allowed", ""});
  expect("too few", check_open_files(64, descriptors), {State::kMissing, "64 allowed, and a run may", "LimitNOFILE"});
}

Folder folder(std::optional<std::uint64_t> free_bytes) {
  return {.path = "/f", .usable = {}, .free_bytes = free_bytes};
}

Folder broken() {
  return {.path = "/f",
          .usable = Error{.kind = ErrorKind::kDenied, .message = "/f: denied; take another"},
          .free_bytes = {}};
}

TEST(CheckScratch, NeedsRoomForWhatTheInputsAre) {
  expect("enough", check_scratch(folder(10 * kGiB), kGiB), {State::kOk, "/f, 10.7 GB free", ""});
  expect("less than inputs", check_scratch(folder(kGiB), 2 * kGiB),
         {State::kNote, "the inputs are 2.1 GB", "--scratch or TMPDIR"});
  expect("full", check_scratch(folder(1000), 0), {State::kMissing, "1.0 kB free", "make room there"});
  expect("denied", check_scratch(broken(), 0), {State::kMissing, "/f: denied", "take another"});
  expect("unknown", check_scratch(folder(std::nullopt), kGiB), {State::kOk, "/f", ""});
}

TEST(CheckDownloads, NeedsRoomForTheSpool) {
  expect("enough", check_downloads(folder(10 * kGiB)), {State::kOk, "/f", ""});
  expect("less than the spool", check_downloads(folder(kGiB)),
         {State::kNote, "may take 4.3 GB", "downloads.directory"});
  expect("full", check_downloads(folder(0)), {State::kMissing, "0 B free", "downloads.directory"});
  expect("denied", check_downloads(broken()), {State::kMissing, "denied", "downloads.directory"});
}

TEST(CheckResultFolder, MustBeWritable) {
  expect("enough", check_result_folder(folder(kGiB)), {State::kOk, "/f", ""});
  expect("full", check_result_folder(folder(0)), {State::kMissing, "0 B free", "--output"});
  expect("denied", check_result_folder(broken()), {State::kMissing, "denied", "--output"});
}

class Machine : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    const std::filesystem::path path = root_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::optional<Memory> memory() { return look_at_memory(root_ + "/proc", root_ + "/groups"); }
  std::optional<double> quota() { return look_at_processor_quota(root_ + "/proc", root_ + "/groups"); }

  disk::ScratchFolder scratch_ = disk::ScratchFolder::make("").value();
  const std::string root_ = scratch_.path();
};

constexpr const char* kMeminfo = "MemTotal:        8000 kB\nMemFree:  100 kB\nMemAvailable:    6000 kB\n";

TEST_F(Machine, HasTheMemoryThatTheKernelSays) {
  EXPECT_FALSE(memory().has_value());
  put("proc/meminfo", kMeminfo);
  ASSERT_TRUE(memory().has_value());
  EXPECT_EQ(memory()->total_bytes, 8000U << 10);
  EXPECT_EQ(memory()->available_bytes, 6000U << 10);
  EXPECT_FALSE(memory()->is_of_group);
  put("proc/meminfo", "MemTotal: many kB\n");
  EXPECT_FALSE(memory().has_value());
}

TEST_F(Machine, HasWhatTheControlGroupsAroundUsAllow) {
  put("proc/meminfo", kMeminfo);
  put("proc/self/cgroup", "0::/outer/inner\n");
  put("groups/outer/inner/memory.max", "max\n");
  EXPECT_FALSE(memory()->is_of_group);
  put("groups/outer/memory.max", "1000000\n");
  put("groups/outer/memory.current", "700000\n");
  put("groups/outer/memory.stat", "anon 5\ninactive_file 200000\n");
  EXPECT_TRUE(memory()->is_of_group);
  EXPECT_EQ(memory()->total_bytes, 1000000U);
  EXPECT_EQ(memory()->available_bytes, 500000U);
  put("groups/outer/memory.current", "2000000\n");
  put("groups/outer/memory.stat", "");
  EXPECT_EQ(memory()->available_bytes, 0U);
}

TEST_F(Machine, KnowsControlGroupsOfVersionOne) {
  put("proc/meminfo", kMeminfo);
  // The path is the host's, but the container sees its own group at the root.
  put("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n");
  put("groups/memory/memory.limit_in_bytes", "2000000\n");
  put("groups/memory/memory.usage_in_bytes", "1500000\n");
  put("groups/memory/memory.stat", "total_inactive_file 500000\n");
  EXPECT_EQ(memory()->total_bytes, 2000000U);
  EXPECT_EQ(memory()->available_bytes, 1000000U);
  put("groups/cpu/cpu.cfs_quota_us", "-1\n");
  put("groups/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(quota().has_value());
  put("groups/cpu/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(Machine, HasTheLeastOfAllQuotas) {
  EXPECT_FALSE(quota().has_value());
  put("proc/self/cgroup", "0::/a/b\n");
  put("groups/a/b/cpu.max", "max 100000\n");
  EXPECT_FALSE(quota().has_value());
  put("groups/a/cpu.max", "150000 100000\n");
  put("groups/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 1.5);
  put("groups/a/cpu.max", "1 0\n");
  EXPECT_EQ(quota(), 4.0);
}

TEST_F(Machine, IsReallyLookedAt) {
  EXPECT_TRUE(look_at_memory().has_value());
  EXPECT_GT(look_at_open_files(), 0U);
}

TEST_F(Machine, HasFoldersThatMayNotBeThereYet) {
  EXPECT_TRUE(look_at_folder(root_).usable.ok());
  EXPECT_TRUE(look_at_folder(root_).free_bytes.has_value());
  const Folder missing = look_at_folder(root_ + "/a/b");
  EXPECT_TRUE(missing.usable.ok());
  EXPECT_EQ(missing.path, root_ + "/a/b");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/a"));
  put("file", "");
  EXPECT_FALSE(look_at_folder(root_ + "/file").usable.ok());
  EXPECT_FALSE(look_at_folder(root_ + "/file/below").usable.ok());
  if (::geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  std::filesystem::create_directory(root_ + "/closed");
  std::filesystem::permissions(root_ + "/closed", std::filesystem::perms::owner_read);
  EXPECT_EQ(look_at_folder(root_ + "/closed").usable.error().kind, ErrorKind::kDenied);
}

TEST_F(Machine, TriesTheScratchFolderAndLeavesNothing) {
  const Folder folder = look_at_scratch(root_);
  EXPECT_TRUE(folder.usable.ok());
  EXPECT_EQ(folder.path, root_);
  EXPECT_TRUE(folder.free_bytes.has_value());
  for (const auto& entry : std::filesystem::directory_iterator(root_)) EXPECT_EQ(entry.path().filename(), "quern.lock");
  EXPECT_FALSE(look_at_scratch(root_ + "/missing").usable.ok());
}

}  // namespace

}  // namespace quern::app::doctor

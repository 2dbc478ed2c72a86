#include "app/doctor/look_at_machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/disk/files.h"

namespace quern::app::doctor {
namespace {

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

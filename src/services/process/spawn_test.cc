#include "services/process/spawn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace quern::process {
namespace {

// A file with this text and mode, removed at the end of the test.
class TemporaryFile {
 public:
  TemporaryFile(std::string_view text, mode_t mode)
      : path_(::testing::TempDir() + "spawn_test." + std::to_string(::getpid())) {
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), mode);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Spawn, SaysWhatIsWrongWithAProgramThatDoesNotStart) {
  struct Row {
    const char* name;
    const char* text;
    mode_t mode;
    const char* message;
  };
  for (const Row& row : {
           Row{"not executable", "#!/bin/sh\n", 0644,
               "Permission denied; make it executable (chmod +x) or name its interpreter"},
           Row{"no interpreter line", "echo\n", 0755, "Exec format error; a script starts with a line like #!/bin/sh"},
           Row{"wrong interpreter line", "#!/no/such\n", 0755,
               "No such file or directory; its first line names an interpreter that is not there"},
       }) {
    TemporaryFile file(row.text, row.mode);
    auto pid = spawn({.command = {file.path()}});
    ASSERT_FALSE(pid.ok()) << row.name;
    EXPECT_EQ(pid.error().message, "starting " + file.path() + ": " + row.message) << row.name;
  }
}

TEST(Spawn, NamesAFolderThatIsNotThere) {
  auto pid = spawn({.command = {"/bin/true"}, .working_folder = "/no/such"});
  ASSERT_FALSE(pid.ok());
  EXPECT_EQ(pid.error().message, "starting /bin/true: entering its working folder /no/such: No such file or directory");
  EXPECT_EQ(pid.error().kind, ErrorKind::kNotFound);
}

int status_of_shell(const std::string& script) {
  auto pid = spawn({.command = {"/bin/sh", "-c", script}, .descriptors = {0, 1, 2}});
  return pid.ok() ? reap(pid.value()).value() : -1;
}

TEST(Spawn, HasTheLimitOfOpenFilesThatThisProcessHadBefore) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 123, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  raise_open_files();
  rlimit raised{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, before.rlim_max);
  EXPECT_EQ(status_of_shell("test \"$(ulimit -Sn)\" = 123"), 0);
}

TEST(Spawn, IgnoresWhatIsIgnoredHereAndHandlesNothing) {
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  // 10 is SIGUSR1, 13 is SIGPIPE, which this program handles.
  EXPECT_EQ(status_of_shell("test $((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status) >> 9 & 9)) = 1"), 0);
  std::signal(SIGUSR1, before);
}

TEST(Spawn, PassesDescriptorsThatOverlapTheirTargets) {
  // Swaps 0 and 1, and passes on nothing else.
  auto pid = spawn({.command = {"/bin/sh", "-c", "test ! -e /proc/self/fd/2"}, .descriptors = {1, 0}});
  ASSERT_TRUE(pid.ok()) << pid.error().message;
  EXPECT_EQ(reap(pid.value()).value(), 0);
}

}  // namespace
}  // namespace quern::process

#include "services/disk/new_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/fd.h"
#include "services/disk/files.h"

namespace quern::disk {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NewFiles : public testing::Test {
 protected:
  NewFiles() : scratch_(ScratchFolder::make("").value()), root_(scratch_.path() + "/root") {
    fs::create_directory(root_);
  }

  std::string at(const std::string& name) const { return root_ + "/" + name; }
  std::string text_of(const std::string& name) const { return read_file(at(name), 1 << 20).value(); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      found.push_back(fs::relative(entry.path(), root_).string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  Result<void> create(const std::string& folder) const { return create_files(folder, files_); }

  const std::vector<FileToCreate> files_ = {{.name = "run.sh", .text = "#!/bin/sh\n", .is_executable = true},
                                            {.name = "data/one", .text = "1\n"}};
  ScratchFolder scratch_;
  const std::string root_;
};

TEST_F(NewFiles, AppearInANewFolderWithTheirModes) {
  const mode_t mask = ::umask(022);
  auto made = create(at("a/b"));
  ::umask(mask);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_THAT(names(), ElementsAre("a", "a/b", "a/b/data", "a/b/data/one", "a/b/run.sh"));
  EXPECT_EQ(text_of("a/b/data/one"), "1\n");
  EXPECT_EQ(fs::status(at("a/b/run.sh")).permissions(), fs::perms(0755));
  EXPECT_EQ(fs::status(at("a/b/data/one")).permissions(), fs::perms(0644));
}

TEST_F(NewFiles, AppearBesideOthers) {
  std::ofstream(at("mine")) << "x";
  ASSERT_TRUE(create(root_).ok());
  EXPECT_THAT(names(), ElementsAre("data", "data/one", "mine", "run.sh"));
}

TEST_F(NewFiles, AreNotWrittenOverOthers) {
  fs::create_directory(at("data"));
  fs::create_symlink("nowhere", at("data/one"));
  auto made = create(root_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message,
            at("data/one") + " is there already; nothing is overwritten, and nothing was written");
  EXPECT_EQ(made.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(names(), ElementsAre("data", "data/one"));
}

TEST_F(NewFiles, AreRemovedWhenOneAppearsUnderTheNameOfAnother) {
  const std::vector<FileToCreate> twice = {{.name = "new/one", .text = "1"}, {.name = "new/one", .text = "2"}};
  auto made = create_files(root_, twice);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("new/one is there already"));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(NewFiles, AreNotMadeWhereAFileStandsForAFolder) {
  std::ofstream(at("data")) << "x";
  EXPECT_THAT(create(at("data")).error().message, HasSubstr("data exists already, and is not a folder"));
  EXPECT_THAT(create(root_).error().message, HasSubstr("data: Not a directory"));
  EXPECT_THAT(create(at("data/below")).error().message, HasSubstr("data: Not a directory"));
  EXPECT_THAT(names(), ElementsAre("data"));
}

TEST_F(NewFiles, AreRemovedWhenTheDiskIsFull) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto made = create(at("new/deep"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("writing " + at("new/deep/run.sh")));
  EXPECT_EQ(made.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace quern::disk

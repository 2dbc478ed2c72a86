#include "services/disk/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

namespace quern::disk {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Disk : public testing::Test {
 protected:
  Disk() : scratch_(ScratchFolder::make("").value()), root_(scratch_.path()) {}

  std::string at(const std::string& name) const { return root_ + "/" + name; }
  void put(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }
  std::string text_of(const std::string& name) const { return read_file(at(name), 1 << 30).value(); }
  // The names in the root folder, except the scratch folder's own lock.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_)) found.push_back(entry.path().filename().string());
    std::erase(found, "quern.lock");
    return found;
  }

  ScratchFolder scratch_;
  const std::string root_;
};

using ScratchFolderTest = Disk;
using AtomicFileTest = Disk;
using Folders = Disk;

TEST_F(ScratchFolderTest, IsPrivateAndGoesWithAllThatIsInIt) {
  std::string path;
  {
    auto folder = ScratchFolder::make(root_);
    ASSERT_TRUE(folder.ok());
    path = folder.value().path();
    EXPECT_THAT(path, StartsWith(root_ + "/quern-"));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    fs::create_directories(path + "/a/b/c");
    std::ofstream(path + "/a/b/file") << "x";
    fs::create_symlink(root_, path + "/a/out");  // must not be followed
    fs::permissions(path + "/a/b", fs::perms::owner_read | fs::perms::owner_exec);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(ScratchFolderTest, IsRemovedOnceWhenMoved) {
  auto first = ScratchFolder::make(root_).value();
  std::string first_path = first.path();
  auto second = ScratchFolder::make(root_).value();
  std::string second_path = second.path();
  first = std::move(second);
  EXPECT_FALSE(fs::exists(first_path));
  EXPECT_TRUE(fs::exists(second_path));
  EXPECT_EQ(first.path(), second_path);
}

TEST_F(ScratchFolderTest, RemovesOnlyWhatAKilledRunLeft) {
  auto alive = ScratchFolder::make(root_).value();
  fs::create_directories(at("quern-dead01/deep"));
  put("quern-dead01/quern.lock", "1\n");
  put("quern-dead01/deep/file", "x");
  fs::create_directories(at("quern-nolock"));
  fs::create_directories(at("quern-toolong1"));
  put("quern-toolong1/quern.lock", "1\n");
  fs::create_directories(at("somebody-else"));
  put("somebody-else/quern.lock", "1\n");
  put("quern-afile1", "no folder");
  fs::create_directory_symlink(at("somebody-else"), at("quern-alink1"));

  auto made = ScratchFolder::make(root_);
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(fs::exists(at("quern-dead01")));
  EXPECT_TRUE(fs::exists(alive.path()));
  for (const char* kept :
       {"quern-nolock", "quern-toolong1", "somebody-else/quern.lock", "quern-afile1", "quern-alink1"}) {
    EXPECT_TRUE(fs::exists(at(kept))) << kept;
  }
}

TEST_F(ScratchFolderTest, RemovesWhatWasKilledBeforeItWasLocked) {
  for (const char* name :
       {"quern-new-empty1", "quern-new-locks1", "quern-new-busy01", "quern-new-full01", ".quern-new-hide01"})
    fs::create_directories(at(name));
  put("quern-new-locks1/quern.lock", "1\n");
  put("quern-new-busy01/quern.lock", "1\n");
  put("quern-new-full01/file", "not ours");
  const Fd busy = open_file(at("quern-new-busy01/quern.lock"), O_RDWR).value();
  ASSERT_EQ(::flock(busy.number(), LOCK_EX), 0);
  ASSERT_TRUE(ScratchFolder::make(root_).ok());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("quern-new-busy01", "quern-new-full01"));
}

TEST_F(ScratchFolderTest, RemovesAnEmptyOneThatWasNeverLockedWhenThatIsLongAgo) {
  for (const char* name : {"quern-old001", "quern-new001", "quern-full01"}) fs::create_directories(at(name));
  put("quern-full01/file", "not ours");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const char* name : {"quern-old001", "quern-full01"}) fs::last_write_time(at(name), long_ago);
  ASSERT_TRUE(ScratchFolder::make(root_).ok());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("quern-new001", "quern-full01"));
}

TEST_F(ScratchFolderTest, IsMadeBesideOthersThatClearUp) {
  std::vector<std::thread> makers;
  for (int i = 0; i < 8; ++i) {
    makers.emplace_back([this] {
      for (int turn = 0; turn < 100; ++turn) {
        auto folder = ScratchFolder::make(root_);
        ASSERT_TRUE(folder.ok()) << folder.error().message;
        EXPECT_TRUE(fs::exists(folder.value().path() + "/quern.lock"));
      }
    });
  }
  for (auto& maker : makers) maker.join();
  EXPECT_THAT(names(), testing::IsEmpty());
}

TEST_F(ScratchFolderTest, KeepsItsLockWhileAnythingIsLeftInIt) {
  std::string path;
  {
    auto folder = ScratchFolder::make(root_).value();
    path = folder.path();
    fs::create_directories(path + "/a/b");
    // Simulates a process that cannot open files: no folder can be listed.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    { auto gone = std::move(folder); }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  }
  EXPECT_TRUE(fs::exists(path + "/quern.lock"));
  ASSERT_TRUE(ScratchFolder::make(root_).ok());
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(ScratchFolderTest, MayBeHiddenNextToWhatIsMadeInIt) {
  fs::create_directories(at(".quern-dead01"));
  put(".quern-dead01/quern.lock", "1\n");
  auto made = ScratchFolder::make_hidden(root_).value();
  EXPECT_THAT(made.path(), StartsWith(root_ + "/.quern-"));
  EXPECT_FALSE(fs::exists(at(".quern-dead01")));
}

TEST_F(ScratchFolderTest, NamesTheOptionsWhenItsParentIsUnusable) {
  put("file", "");
  for (const std::string& parent : {at("missing"), at("file")}) {
    auto made = ScratchFolder::make(parent);
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.error().message, AllOf(HasSubstr(parent), HasSubstr("--scratch or TMPDIR")));
    EXPECT_EQ(made.error().kind, ErrorKind::kNotFound);
  }
}

class AtomicFileWays : public Disk, public testing::WithParamInterface<AtomicFile::Temporary> {};

INSTANTIATE_TEST_SUITE_P(Temporaries, AtomicFileWays,
                         testing::Values(AtomicFile::Temporary::kUnnamed, AtomicFile::Temporary::kHidden));

TEST_P(AtomicFileWays, AppearsWhenItIsCommitted) {
  auto file = AtomicFile::create(at("result.txt"), GetParam()).value();
  ASSERT_TRUE(file->write("one\n").ok());
  EXPECT_FALSE(fs::exists(at("result.txt")));
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(text_of("result.txt"), "one\n");
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_F(AtomicFileTest, HasATemporaryNameThatIsLeftOverOnlyWhenItsOwnerHasGone) {
  auto alive = AtomicFile::create(at("result.txt"), AtomicFile::Temporary::kHidden).value();
  put(".quern-abcdefghij", "of a quern that was killed");
  put(".quern-notours", "x");
  fs::create_symlink(at(".quern-notours"), at(".quern-0123456789"));
  remove_left_overs(root_);
  EXPECT_FALSE(fs::exists(at(".quern-abcdefghij")));
  EXPECT_THAT(names(), testing::SizeIs(3));
  ASSERT_TRUE(alive->commit().ok());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("result.txt", ".quern-notours", ".quern-0123456789"));
}

TEST_F(AtomicFileTest, NeedsNoDescriptorWhileItRests) {
  auto hidden = std::make_unique<ScratchFolder>(ScratchFolder::make_hidden(root_).value());
  std::vector<std::unique_ptr<AtomicFile>> files;
  const Fd first = open_file("/dev/null", O_RDONLY).value();
  for (int i = 0; i < 50; ++i) {
    files.push_back(AtomicFile::create_in(hidden->path(), at("part." + std::to_string(i))).value());
    ASSERT_TRUE(files.back()->write(std::to_string(i)).ok());
    ASSERT_TRUE(files.back()->rest().ok());
  }
  const Fd next = open_file("/dev/null", O_RDONLY).value();
  EXPECT_EQ(next.number(), first.number() + 1);
  EXPECT_THAT(names(), testing::SizeIs(1));
  ASSERT_TRUE(files[7]->write(" and more").ok());
  ASSERT_TRUE(files[8]->truncate(0).ok());
  for (auto& file : files) ASSERT_TRUE(file->commit().ok());
  hidden.reset();
  EXPECT_EQ(text_of("part.7"), "7 and more");
  EXPECT_EQ(text_of("part.8"), "");
  EXPECT_EQ(text_of("part.49"), "49");
  EXPECT_THAT(names(), testing::SizeIs(50));
}

TEST_P(AtomicFileWays, LeavesNothingBehindWithoutCommit) {
  put("result.txt", "old");
  {
    auto file = AtomicFile::create(at("result.txt"), GetParam()).value();
    ASSERT_TRUE(file->write(std::string(1 << 20, 'x')).ok());
  }
  EXPECT_EQ(text_of("result.txt"), "old");
  EXPECT_THAT(names(), testing::ElementsAre("result.txt"));
}

TEST_P(AtomicFileWays, ReplacesAnOldFileAndKeepsALinkToIt) {
  fs::create_directory(at("real"));
  put("real/old.txt", "old");
  fs::create_symlink("real/old.txt", at("link"));
  fs::create_symlink("real/new.txt", at("dangling"));
  for (const char* name : {"link", "dangling"}) {
    auto file = AtomicFile::create(at(name), GetParam()).value();
    ASSERT_TRUE(file->write("new").ok());
    ASSERT_TRUE(file->commit().ok());
    EXPECT_TRUE(fs::is_symlink(at(name)));
    EXPECT_EQ(text_of(name), "new");
  }
  EXPECT_EQ(text_of("real/old.txt"), "new");
  EXPECT_EQ(text_of("real/new.txt"), "new");
}

TEST_P(AtomicFileWays, HasTheModeThatUmaskGives) {
  mode_t old = ::umask(027);
  auto file = AtomicFile::create(at("result.txt"), GetParam());
  ::umask(old);
  ASSERT_TRUE(file.value()->commit().ok());
  EXPECT_EQ(static_cast<unsigned>(fs::status(at("result.txt")).permissions()), 0640U);
}

TEST_P(AtomicFileWays, TakesBackWhatWasWrittenInAnyMixOfSizes) {
  auto file = AtomicFile::create(at("result.txt"), GetParam()).value();
  std::string expected;
  for (std::size_t step = 0; step < 40; ++step) {
    std::string bytes(step * step * 577 % 400'000, static_cast<char>('a' + step % 26));
    expected += bytes;
    ASSERT_TRUE(file->write(bytes).ok());
    if (step % 3 == 2) {
      expected.erase(expected.size() - expected.size() / (step + 1));
      ASSERT_TRUE(file->truncate(expected.size()).ok());
    }
    ASSERT_EQ(file->size_bytes(), expected.size());
  }
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(text_of("result.txt"), expected);
}

TEST_F(AtomicFileTest, RefusesAtOnceWhatCannotBecomeAFile) {
  fs::create_directory(at("folder"));
  put("file", "");
  fs::create_symlink("loop", at("loop"));
  struct Row {
    std::string name;
    const char* reason;
  };
  for (const Row& row : {Row{"folder", "Is a directory"}, Row{"new/", "Is a directory"}, Row{"file/", "Is a directory"},
                         Row{"missing/result.txt", "No such file or directory"},
                         Row{"file/result.txt", "Not a directory"}, Row{"loop", "Too many levels of symbolic links"}}) {
    auto file = AtomicFile::create(at(row.name));
    ASSERT_FALSE(file.ok()) << row.name;
    EXPECT_THAT(file.error().message, AllOf(HasSubstr("writing " + at(row.name)), HasSubstr(row.reason)));
  }
  EXPECT_EQ(AtomicFile::create("").error().kind, ErrorKind::kBadConfig);
}

TEST_F(AtomicFileTest, RefusesALinkThatAnotherUserPlanted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes links for others";
  constexpr uid_t kNobody = 65534;
  fs::create_directory(at("shared"));
  put("victim", "mine");
  fs::create_symlink("../victim", at("shared/link"));
  fs::create_symlink("shared/link", at("way"));
  ASSERT_EQ(::lchown(at("shared/link").c_str(), kNobody, kNobody), 0);
  // If nobody else may write there, its owner was allowed to make the link.
  EXPECT_TRUE(AtomicFile::create(at("shared/link")).ok());
  ASSERT_EQ(::chmod(at("shared").c_str(), 01777), 0);
  for (const char* name : {"shared/link", "way"}) {
    auto refused = AtomicFile::create(at(name));
    EXPECT_EQ(refused.error().kind, ErrorKind::kDenied) << name;
    EXPECT_THAT(refused.error().message, HasSubstr("shared/link is a symbolic link that another user has put")) << name;
  }
  ASSERT_EQ(::lchown(at("shared/link").c_str(), ::geteuid(), ::getegid()), 0);
  EXPECT_TRUE(AtomicFile::create(at("way")).ok());
  EXPECT_EQ(text_of("victim"), "mine");
}

TEST_F(AtomicFileTest, RefusesAFolderOrAFileWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  fs::create_directory(at("folder"));
  fs::permissions(at("folder"), fs::perms::owner_read | fs::perms::owner_exec);
  put("kept.txt", "");
  fs::permissions(at("kept.txt"), fs::perms::owner_read);
  EXPECT_EQ(AtomicFile::create(at("folder/result.txt")).error().kind, ErrorKind::kDenied);
  EXPECT_EQ(AtomicFile::create(at("kept.txt")).error().kind, ErrorKind::kDenied);
}

TEST_F(AtomicFileTest, SaysThatTheDiskIsFull) {
  auto file = AtomicFile::create("/dev/full").value();
  ASSERT_TRUE(file->write("small").ok());
  auto written = file->write(std::string(1 << 20, 'x'));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(written.error().message,
            "writing /dev/full: No space left on device; make room there (df -h, df -i), or name another place for it, "
            "as --output "
            "does for a result");
}

TEST_F(AtomicFileTest, ReportsAFileThatGrowsPastItsLimit) {
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  auto file = AtomicFile::create(at("result.txt")).value();
  rlimit small{.rlim_cur = 300'000, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto written = file->write(std::string(1 << 20, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, SIG_DFL);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(written.error().message, HasSubstr("ulimit -f"));
}

TEST(AdviseIfFull, SaysItOnce) {
  for (int number : {ENOSPC, EFBIG}) {
    const std::string once = advise_if_full(os_error("writing", number), "pay").message;
    EXPECT_EQ(advise_scratch_if_full({.message = once, .code = number}).message, once);
  }
}

TEST(AdviseIfFull, LeavesOtherErrorsAlone) {
  EXPECT_EQ(advise_if_full(os_error("writing", EDQUOT), "pay").message,
            "writing: Disk quota exceeded; make room there (df -h, df -i), or pay");
  EXPECT_EQ(advise_if_full(os_error("writing", EIO), "pay").message, "writing: Input/output error");
}

TEST(AdviseOtherScratch, SaysHowAnotherIsChosenWhateverTheError) {
  EXPECT_EQ(advise_other_scratch(os_error("writing", ENOSPC)).message,
            "writing: No space left on device; make room there (df -h, df -i), or name another folder for temporary "
            "files with "
            "--scratch or TMPDIR");
  EXPECT_EQ(advise_other_scratch(os_error("writing", EROFS)).message,
            "writing: Read-only file system; name another folder for temporary files with --scratch or TMPDIR");
}

TEST(WriteTemporary, NamesTheOptionsOnAFullDisk) {
  Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  auto written = write_temporary(full, "x", "/scratch/one");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(written.error().message, AllOf(HasSubstr("writing /scratch/one: "), HasSubstr("--scratch or TMPDIR")));
}

TEST_F(AtomicFileTest, WritesToWhatIsNoRegularFileDirectly) {
  auto null = AtomicFile::create("/dev/null").value();
  ASSERT_TRUE(null->write("gone").ok());
  ASSERT_TRUE(null->commit().ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));

  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  Fd reader(::open(at("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto fifo = AtomicFile::create(at("fifo")).value();
  ASSERT_TRUE(fifo->write("through").ok());
  ASSERT_TRUE(fifo->commit().ok());
  char bytes[16];
  EXPECT_EQ(std::string_view(bytes, read_some(reader, bytes).value()), "through");
}

TEST_F(AtomicFileTest, WritesToADescriptorThatItWasGiven) {
  put("log", "kept\n");
  Fd log(::open(at("log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  auto file = AtomicFile::create("/dev/fd/" + std::to_string(log.number())).value();
  ASSERT_TRUE(file->write("added\n").ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(text_of("log"), "kept\nadded\n");
  EXPECT_FALSE(AtomicFile::create("/dev/fd/987654").ok());
}

TEST_F(AtomicFileTest, StopsWhenTheReaderHasGone) {
  ::signal(SIGPIPE, SIG_IGN);
  auto pipe = make_pipe(4096).value();
  auto file = AtomicFile::create("/dev/fd/" + std::to_string(pipe.write_end.number())).value();
  pipe.read_end.reset();
  ASSERT_TRUE(file->write("x").ok());
  auto committed = file->commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().kind, ErrorKind::kStopped);
}

TEST_F(Folders, AreMadeWithTheirParents) {
  ASSERT_TRUE(make_folders(at("a/b//c/")).ok());
  EXPECT_TRUE(fs::is_directory(at("a/b/c")));
  EXPECT_TRUE(make_folders(at("a/b")).ok());
  EXPECT_TRUE(make_folders("/").ok());
  put("file", "");
  auto made = make_folders(at("file/below"));
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("making the folder " + at("file")));
}

TEST_F(Folders, AreRemovedWithoutFollowingLinks) {
  fs::create_directories(at("gone/deep"));
  put("kept", "x");
  fs::create_symlink(at("kept"), at("gone/deep/link"));
  fs::create_directory_symlink(at("gone"), at("link"));
  remove_folder(at("link"));
  EXPECT_TRUE(fs::exists(at("gone")));
  remove_folder(at("gone"));
  remove_folder(at("never was"));
  EXPECT_FALSE(fs::exists(at("gone")));
  EXPECT_EQ(text_of("kept"), "x");
}

TEST(AbsolutePath, HasNoDots) {
  struct Row {
    const char* path;
    const char* absolute;
  };
  for (const Row& row : {Row{"a", "/w/a"}, Row{"", "/w"}, Row{".", "/w"}, Row{"./a/./b/", "/w/a/b"}, Row{"../a", "/a"},
                         Row{"../../../a", "/a"}, Row{"/a//b/../c", "/a/c"}, Row{"/", "/"}, Row{"/..", "/"},
                         Row{"...", "/w/..."}, Row{"a/..", "/w"}}) {
    EXPECT_EQ(absolute_path(row.path, "/w"), row.absolute) << row.path;
  }
}

TEST(FileDigest, IsThatOfTheWholeFile) {
  auto scratch = ScratchFolder::make("").value();
  const std::string path = scratch.path() + "/file";
  std::ofstream(path) << "abc";
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(digest_of_file(path).value().sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::ofstream(path) << std::string(1'000'000, 'a');
  EXPECT_EQ(digest_of_file(path).value().sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(digest_of_file(path).value().bytes, 1'000'000U);
  EXPECT_FALSE(digest_of_file(scratch.path() + "/missing").ok());
  EXPECT_FALSE(digest_of_file(scratch.path()).ok());
}

}  // namespace
}  // namespace quern::disk

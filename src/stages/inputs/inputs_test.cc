#include "stages/inputs/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text_source_for_test.h"
#include "services/disk/files.h"

namespace quern::inputs {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ListInputs : public testing::Test {
 protected:
  ListInputs() : scratch_(disk::ScratchFolder::make("").value()), root_(scratch_.path() + "/job") {
    fs::create_directory(root_);
    root_ = fs::canonical(root_);
  }

  void put(const std::string& name, std::size_t size_bytes = 1) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name)) << std::string(size_bytes, 'x');
  }
  void put_all(const std::vector<std::string>& names) const {
    for (const auto& name : names) put(name);
  }
  std::string at(const std::string& name) const { return root_ + "/" + name; }

  Pattern pattern(const std::string& text) const { return {.text = text, .folder = root_, .origin = "job.yml:7"}; }
  Result<InputList> list(const std::vector<std::string>& texts) const {
    InputRequest request;
    for (const auto& text : texts) request.patterns.push_back(pattern(text));
    return list_inputs(request);
  }
  Result<InputList> list_manifest(const std::string& text) const {
    std::ofstream(at("files.txt")) << text;
    return list_inputs({.manifest = pattern("files.txt")});
  }
  static std::vector<std::string> names_of(const Result<InputList>& list) {
    if (!list.ok()) return {"error: " + list.error().message};
    std::vector<std::string> names;
    for (const InputView& input : list.value().inputs) names.emplace_back(input.name);
    return names;
  }
  std::vector<std::string> names(const std::vector<std::string>& texts) const { return names_of(list(texts)); }

  disk::ScratchFolder scratch_;
  std::string root_;
};

TEST_F(ListInputs, KnowsNamesPathsAndSizes) {
  put("data/b.gz", 20);
  put("data/a.gz", 10);
  auto found = list({"data/*.gz"});
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found.value().inputs.size(), 2U);
  const Input input = found.value().inputs[0];
  EXPECT_EQ(input.name, "data/a.gz");
  EXPECT_EQ(input.path, at("data/a.gz"));
  EXPECT_EQ(input.stored_bytes, 10U);
  EXPECT_THAT(found.value().notes, IsEmpty());
}

TEST_F(ListInputs, StartsNamesAsTheirPatternWasWritten) {
  put_all({"data/x/y.gz", "data/a.gz"});
  EXPECT_THAT(names({"data"}), ElementsAre("data/a.gz", "data/x/y.gz"));
  EXPECT_THAT(names({"data/"}), ElementsAre("data/a.gz", "data/x/y.gz"));
  EXPECT_THAT(names({"./data/**"}), ElementsAre("./data/a.gz", "./data/x/y.gz"));
  EXPECT_THAT(names({"./data//x/*"}), ElementsAre("./data/x/y.gz"));
  EXPECT_THAT(names({"."}), ElementsAre("./data/a.gz", "./data/x/y.gz"));
  EXPECT_THAT(names({"*/a.gz"}), ElementsAre("data/a.gz"));
  EXPECT_THAT(names({"data/x/../a.gz"}), ElementsAre("data/x/../a.gz"));
  EXPECT_THAT(names({at("data/x")}), ElementsAre(at("data/x/y.gz")));
  EXPECT_THAT(names({at("data/?.gz")}), ElementsAre(at("data/a.gz")));
}

TEST_F(ListInputs, MatchesPatternsOverFolders) {
  put_all({"data/1/a.gz", "data/1/b.xz", "data/2/a.gz", "data/2/deep/er/a.gz", "data/top.gz"});
  struct Row {
    const char* pattern;
    std::vector<std::string> names;
  };
  for (const Row& row : {
           Row{"data/*", {"data/top.gz"}},
           Row{"data/*/", {"data/1/a.gz", "data/1/b.xz", "data/2/a.gz", "data/2/deep/er/a.gz"}},
           Row{"data/*/*.gz", {"data/1/a.gz", "data/2/a.gz"}},
           Row{"data/**/a.gz", {"data/1/a.gz", "data/2/a.gz", "data/2/deep/er/a.gz"}},
           Row{"data/**/*.gz", {"data/1/a.gz", "data/2/a.gz", "data/2/deep/er/a.gz", "data/top.gz"}},
           Row{"**/deep/**/a.gz", {"data/2/deep/er/a.gz"}},
           Row{"**/**/top.gz", {"data/top.gz"}},
           Row{"data/**/er/**", {"data/2/deep/er/a.gz"}},
           Row{"data/{1,2}/*.{gz,xz}", {"data/1/a.gz", "data/1/b.xz", "data/2/a.gz"}},
           Row{"data/{1/b.xz,top.gz,missing}", {"data/1/b.xz", "data/top.gz"}},
           Row{"data/{1,2/deep}/", {"data/1/a.gz", "data/1/b.xz", "data/2/deep/er/a.gz"}},
           Row{"data/[13-9]/b*", {"data/1/b.xz"}},
           Row{"data/**/2/deep/*/a.gz", {"data/2/deep/er/a.gz"}},
           Row{"data/{*,1}/{a*,*z}", {"data/1/a.gz", "data/1/b.xz", "data/2/a.gz"}},
       }) {
    auto found = list({row.pattern});
    EXPECT_EQ(names_of(found), row.names) << row.pattern;
  }
}

TEST_F(ListInputs, TakesDotFilesOnlyWhenAPatternSaysSo) {
  put_all({"data/.hidden.gz", "data/.dir/a.gz", "data/seen.gz"});
  EXPECT_THAT(names({"data"}), ElementsAre("data/seen.gz"));
  EXPECT_THAT(names({"data/**/*.gz"}), ElementsAre("data/seen.gz"));
  EXPECT_THAT(names({"data/.*"}), ElementsAre("data/.hidden.gz"));
  EXPECT_THAT(names({"data/.dir/*"}), ElementsAre("data/.dir/a.gz"));
  EXPECT_THAT(names({"**/.dir/*"}), ElementsAre("data/.dir/a.gz"));
  EXPECT_THAT(names({"data/.hidden.gz"}), ElementsAre("data/.hidden.gz"));
}

TEST_F(ListInputs, TakesAFileOfExactlyThatNameBeforeAnyPattern) {
  put_all({"[1].gz", "1.gz", "{a,b}", "a", "*"});
  EXPECT_THAT(names({"[1].gz"}), ElementsAre("[1].gz"));
  EXPECT_THAT(names({"{a,b}"}), ElementsAre("{a,b}"));
  EXPECT_THAT(names({"*"}), ElementsAre("*"));
  EXPECT_THAT(names({"\\[1\\].*"}), ElementsAre("[1].gz"));
}

TEST_F(ListInputs, SortsByBytes) {
  put_all({"d/b", "d/B", "d/\xc3\xa9", "d/a/z", "d/a-z", "d/10", "d/9"});
  EXPECT_THAT(names({"d"}), ElementsAre("d/10", "d/9", "d/B", "d/a-z", "d/a/z", "d/b", "d/\xc3\xa9"));
}

TEST_F(ListInputs, CountsAFileOnceHoweverItIsNamed) {
  put_all({"data/a.gz", "data/b.gz"});
  fs::create_symlink("a.gz", at("data/link.gz"));
  fs::create_directory_symlink("data", at("other"));
  fs::create_hard_link(at("data/b.gz"), at("data/hard.gz"));
  auto found = list({"data/*.gz", "data/a.gz", "./data/a.gz", "other/a.gz"});
  EXPECT_THAT(names_of(found), ElementsAre("./data/a.gz", "data/b.gz", "data/hard.gz"));
  EXPECT_THAT(found.value().notes, ElementsAre(HasSubstr("4 names are those of a file")));

  auto twice = list({"data/b.gz", "data/?.gz", "data/b.gz"});
  EXPECT_THAT(names_of(twice), ElementsAre("data/a.gz", "data/b.gz"));
  EXPECT_THAT(twice.value().notes, ElementsAre("2 inputs were named twice and count once, such as data/b.gz"));
}

TEST_F(ListInputs, FollowsLinksButNotInCircles) {
  put_all({"data/a.gz", "elsewhere/b.gz"});
  fs::create_directory_symlink("../elsewhere", at("data/in"));
  fs::create_directory_symlink("../data", at("elsewhere/back"));
  fs::create_directory_symlink(".", at("data/self"));
  fs::create_symlink("../elsewhere/b.gz", at("data/link.gz"));
  auto found = list({"data"});
  EXPECT_THAT(names_of(found), ElementsAre("data/a.gz", "data/in/b.gz"));
  EXPECT_EQ(found.value().inputs[1].path, at("elsewhere/b.gz"));
  EXPECT_THAT(names({"data/link.*"}), ElementsAre("data/link.gz"));
  EXPECT_EQ(list({"data/link.*"}).value().inputs[0].path, at("data/link.gz"));
}

TEST_F(ListInputs, SaysWhenALinkLeadsNowhere) {
  put("data/a.gz");
  fs::create_symlink("gone", at("data/b.gz"));
  for (const char* text : {"data", "data/b.gz", "data/*.gz"}) {
    auto found = list({text});
    ASSERT_FALSE(found.ok()) << text;
    EXPECT_THAT(found.error().message, AllOf(HasSubstr("data/b.gz: the link leads nowhere"), HasSubstr("job.yml:7")))
        << text;
  }
  EXPECT_THAT(names({"data/a*"}), ElementsAre("data/a.gz"));
}

TEST_F(ListInputs, HelpsWhenNothingMatches) {
  put_all({"data/b.gz", "data/a.gz", "data/sub/c.gz", "only/sub/c.gz"});
  fs::create_directory(at("empty"));
  struct Row {
    std::string pattern;
    std::string message;
  };
  for (const Row& row : {
           Row{"data/*.gzz", "data/*.gzz matches no file; data has 2 files, such as data/a.gz"},
           Row{"data/b.zst", "data/b.zst is not there; data has 2 files, such as data/b.gz"},
           Row{"date/*.gz",
               "date/*.gz matches no file: there is no folder date; " + root_ + " has 3 folders, such as data"},
           Row{"data/x/y/*.gz", "matches no file: there is no folder data/x; data has 2 files, such as data/a.gz"},
           Row{"only/x*", "only/x* matches no file; only has 1 folder, such as only/sub"},
           Row{"only/*", "only/* matches no file but 1 folder; end it with / to take everything below"},
           Row{"empty/*", "empty/* matches no file; empty is empty"},
           Row{"empty", "empty is a folder without files"},
           Row{"empty/", "empty/ is a folder without files"},
           Row{"data/a.gz/", "data/a.gz/ is not there"},
           Row{"data/{x,y}", "data/{x,y} matches no file; data has 2 files"},
           Row{"data/*/../a.gz", ".. may only come before the first"},
           Row{"/nonexistent/*", "there is no folder /nonexistent; / has"},
           Row{"", "the name of an input is empty"},
       }) {
    auto found = list({"data/a.gz", row.pattern});
    ASSERT_FALSE(found.ok()) << row.pattern;
    EXPECT_THAT(found.error().message, AllOf(testing::StartsWith("job.yml:7: "), HasSubstr(row.message)));
  }
}

TEST_F(ListInputs, SaysThatItReadsLocalFilesOnlyWhereNobodyCanBeAsked) {
  for (const char* text : {"s3://bucket/prefix/**/*.xz", "https://host/file.json.gz"}) {
    auto found = list({text});
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(found.error().message, AllOf(HasSubstr(text), HasSubstr("this command reads local files only")));
    EXPECT_EQ(list_manifest(std::string("\n") + text + "\n").error().kind, ErrorKind::kBadConfig);
  }
  EXPECT_THAT(list({"file:///data"}).error().message, HasSubstr("without file://"));
}

TEST_F(ListInputs, LeavesOutWhatIsNoFileAndSaysSo) {
  put("data/a.gz");
  ASSERT_EQ(::mkfifo(at("data/fifo").c_str(), 0600), 0);
  auto found = list({"data"});
  EXPECT_THAT(names_of(found), ElementsAre("data/a.gz"));
  EXPECT_THAT(found.value().notes, ElementsAre("1 socket, pipe or device was left out"));
  EXPECT_THAT(list({"data/fifo"}).error().message, HasSubstr("data/fifo is not a regular file"));
}

TEST_F(ListInputs, RefusesWhatItMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  put_all({"data/a.gz", "data/sub/b.gz"});
  fs::permissions(at("data/a.gz"), fs::perms::owner_write);
  EXPECT_EQ(list({"data/*.gz"}).error().kind, ErrorKind::kDenied);
  EXPECT_THAT(list({"data/a.gz"}).error().message, HasSubstr("data/a.gz: Permission denied"));
  fs::permissions(at("data/sub"), fs::perms::none);
  EXPECT_THAT(list({"data/sub/"}).error().message, HasSubstr("data/sub"));
  fs::permissions(at("data/sub"), fs::perms::owner_all);
}

TEST_F(ListInputs, ReadsAManifest) {
  put("data/a.gz", 10);
  put("data/b.gz", 20);
  auto found = list_manifest("data/b.gz\t20\r\n\n" + at("data/a.gz") + "\ndata/b.gz\n");
  EXPECT_THAT(names_of(found), ElementsAre(at("data/a.gz"), "data/b.gz"));
  EXPECT_EQ(found.value().inputs[1].stored_bytes, 20U);
  EXPECT_THAT(found.value().notes, ElementsAre(HasSubstr("1 input was named twice")));
}

TEST_F(ListInputs, NamesTheLineOfAManifestThatIsWrong) {
  put("data/a.gz", 10);
  struct Row {
    const char* text;
    const char* message;
    ErrorKind kind;
  };
  for (const Row& row :
       {Row{"data/a.gz\t11\n", "files.txt:1: data/a.gz has 10 bytes, but the list says 11", ErrorKind::kBadInput},
        Row{"data\n", "files.txt:1: data is not a regular file", ErrorKind::kBadConfig},
        Row{"\n", "the manifest files.txt names no input", ErrorKind::kNotFound}}) {
    auto found = list_manifest(row.text);
    ASSERT_FALSE(found.ok()) << row.text;
    EXPECT_THAT(found.error().message, AllOf(testing::StartsWith("job.yml:7: "), HasSubstr(row.message)));
    EXPECT_EQ(found.error().kind, row.kind);
  }
  EXPECT_THAT(list_inputs({.manifest = pattern("no.txt")}).error().message, HasSubstr("reading the manifest no.txt"));
  EXPECT_THAT(list_inputs({.manifest = pattern("data")}).error().message, HasSubstr("Is a directory"));
}

TEST_F(ListInputs, KeepsAFileOfTheManifestThatIsGoneSoThatItFailsLater) {
  put("data/a.gz");
  auto found = list_manifest("data/a.gz\ndata/c.gz\t7\n");
  EXPECT_THAT(names_of(found), ElementsAre("data/a.gz", "data/c.gz"));
  EXPECT_EQ(found.value().inputs[1].stored_bytes, 7U);
}

TEST_F(ListInputs, TakesNamesFromStandardInput) {
  put("data/a.gz");
  for (bool as_manifest : {false, true}) {
    TextSource source("data/a.gz\n");
    InputRequest request{.standard_input = &source};
    if (as_manifest) request.manifest = pattern("-");
    if (!as_manifest) request.patterns = {pattern("-")};
    EXPECT_THAT(names_of(list_inputs(request)), ElementsAre("data/a.gz"));
    EXPECT_THAT(list_inputs(request).error().message, HasSubstr("standard input names no input"));
  }
  TextSource wrong("data/a.gz\ndata\n");
  InputRequest request{.patterns = {pattern("-")}, .standard_input = &wrong};
  EXPECT_THAT(list_inputs(request).error().message, HasSubstr("standard input:2: data is not a regular file"));
  EXPECT_EQ(list({"-"}).error().kind, ErrorKind::kBadConfig);
}

TEST_F(ListInputs, NeedsAtLeastOnePattern) { EXPECT_EQ(list_inputs({}).error().kind, ErrorKind::kBadConfig); }

}  // namespace
}  // namespace quern::inputs

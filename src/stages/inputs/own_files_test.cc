#include "stages/inputs/own_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "model/accounting_json.h"
#include "services/disk/files.h"
#include "stages/inputs/inputs.h"

namespace quern::inputs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OwnFilesTest : public testing::Test {
 protected:
  OwnFilesTest() : scratch_(disk::ScratchFolder::make("").value()) {}

  std::string write(const std::string& name, const std::string& text) {
    std::string path = scratch_.path() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  Result<InputList> list(const std::string& pattern, const OwnFiles* own = nullptr, bool may_be_expanded = false) {
    return list_inputs({.patterns = {{.text = pattern, .folder = scratch_.path(), .origin = "-i"}},
                        .manifest = {},
                        .own_files = own,
                        .names_may_be_expanded = may_be_expanded});
  }
  static std::vector<std::string> names(const Result<InputList>& listed) {
    std::vector<std::string> found;
    if (!listed.ok()) return {listed.error().message};
    for (const InputView& input : listed.value().inputs) found.emplace_back(input.name);
    return found;
  }

  disk::ScratchFolder scratch_;
};

TEST_F(OwnFilesTest, AreLeftOutOfPatternsAndFoldersWithANote) {
  write("a.txt", "x");
  OwnFiles own;
  own.add(write("result.txt", "x"), {.role = "result", .is_querns = true});
  std::filesystem::create_hard_link(scratch_.path() + "/result.txt", scratch_.path() + "/linked.txt");
  for (const char* pattern : {"*.txt", "[a-z]*.txt", "./*.txt", "**/*.txt"}) {
    auto listed = list(pattern, &own);
    ASSERT_TRUE(listed.ok()) << listed.error().message;
    EXPECT_EQ(listed.value().inputs.size(), 1U) << pattern;
    EXPECT_THAT(listed.value().notes, ElementsAre(HasSubstr("2 files that quern wrote were left out"))) << pattern;
  }
  EXPECT_THAT(list("r*", &own).error().message, HasSubstr("result.txt, which quern wrote, is left out"));
}

TEST_F(OwnFilesTest, AreRefusedWhereTheyAreNamed) {
  OwnFiles own;
  own.add(write("result.txt", "x"), {.role = "result", .is_querns = true});
  own.add(write("step1.txt", "x"), {.role = "", .is_querns = true});
  std::filesystem::create_symlink(scratch_.path() + "/result.txt", scratch_.path() + "/link");
  for (const char* name : {"result.txt", "./result.txt", "link", "{result,a}.txt"}) {
    auto listed = list(name, &own);
    ASSERT_FALSE(listed.ok()) << name;
    EXPECT_EQ(listed.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(listed.error().message, HasSubstr("is where the run would write its result")) << name;
  }
  EXPECT_THAT(names(list("step1.txt", &own)), ElementsAre("step1.txt"));
}

TEST_F(OwnFilesTest, ThatQuernHasNotWrittenAreNeverReplaced) {
  OwnFiles own;
  own.add(write("data/a.txt", "x"), {.role = "result", .is_querns = false});
  for (const char* pattern : {"data/*", "data", "data/a.txt"}) {
    EXPECT_THAT(list(pattern, &own).error().message, HasSubstr("data/a.txt is where the run would write its result"));
  }
}

TEST_F(OwnFilesTest, OfOtherRunsAreKnownByTheirContent) {
  write("runs/1/a.json", "{}");
  write("runs/1/result.json", accounting_json({}));
  write("runs/1/bad_records.txt", "# data/a b.json:12: KeyError: 'x'\n{}\n");
  EXPECT_THAT(names(list("runs")), ElementsAre("runs/1/a.json"));
  EXPECT_THAT(names(list("runs/*/*.json")), ElementsAre("runs/1/a.json"));
  EXPECT_THAT(names(list("runs/*/result.json")), ElementsAre("runs/1/result.json"));
  EXPECT_THAT(names(list("runs/1/result.json")), ElementsAre("runs/1/result.json"));
  EXPECT_FALSE(list("runs/1/result.json", nullptr, true).ok());
  write("runs/1/result.json", "{\"k\": 1}");
  write("runs/1/bad_records.txt", "# a comment\n");
  EXPECT_EQ(names(list("runs")).size(), 3U);
}

TEST_F(OwnFilesTest, OfHadoopAreLeftOutWithANote) {
  for (const char* name : {"out/part-0", "out/_SUCCESS", "out/_temporary/0/part-0", "out/_logs/history", "out/_mine"}) {
    write(name, "x");
  }
  auto listed = list("out");
  EXPECT_THAT(names(listed), ElementsAre("out/_mine", "out/part-0"));
  EXPECT_THAT(listed.value().notes, ElementsAre(HasSubstr("3 files or folders of Hadoop's own were left out")));
  EXPECT_THAT(names(list("out/*/*/*")), ElementsAre(HasSubstr("matches no file")));
  EXPECT_THAT(names(list("out/_logs/*")), ElementsAre("out/_logs/history"));
  EXPECT_THAT(names(list("out/_l*/*")), ElementsAre("out/_logs/history"));
}

}  // namespace
}  // namespace quern::inputs

#include "services/process/module_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace quern::process {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// A job folder and a working folder that are removed after the test.
class ModuleCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "quern-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(job());
    fs::create_directories(work());
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string job() const { return root_ / "job"; }
  std::string work() const { return root_ / "work"; }
  void write(const std::string& name, mode_t mode) const {
    std::string path = job() + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n";
    ::chmod(path.c_str(), mode);
  }
  Result<std::vector<std::string>> command(Language language, std::string script) const {
    Module module{.language = language, .script = std::move(script), .arguments = {"-x", "a b"}};
    return module_command(module, job());
  }
  std::string refusal(Language language, std::string script) const {
    auto result = command(language, std::move(script));
    if (result.ok()) return "no error";
    EXPECT_EQ(result.error().kind, ErrorKind::kBadConfig);
    return result.error().message;
  }

  fs::path root_;
};

TEST_F(ModuleCommand, StartsAnExecutableOfTheJobFolder) {
  write("map.sh", 0755);
  EXPECT_THAT(command(Language::kBinary, "map.sh").value(), ElementsAre(job() + "/map.sh", "-x", "a b"));
  EXPECT_THAT(command(Language::kBinary, "./map.sh").value(), ElementsAre(job() + "/./map.sh", "-x", "a b"));
  EXPECT_THAT(command(Language::kBinary, job() + "/map.sh").value(), ElementsAre(job() + "/map.sh", "-x", "a b"));
}

TEST_F(ModuleCommand, LooksOtherProgramsUpOnPath) {
  EXPECT_THAT(command(Language::kBinary, "sh").value(), ElementsAre(HasSubstr("/sh"), "-x", "a b"));
}

TEST_F(ModuleCommand, PutsTheInterpreterBeforeAScript) {
  write("map.py", 0644);
  EXPECT_THAT(command(Language::kPython, "map.py").value(),
              ElementsAre(HasSubstr("python"), job() + "/map.py", "-x", "a b"));
}

TEST_F(ModuleCommand, RefusesWhatCannotRunAndSaysWhy) {
  write("map.sh", 0644);
  EXPECT_THAT(refusal(Language::kBinary, "map.sh"),
              AllOf(HasSubstr("map.sh is not executable"), HasSubstr("chmod +x")));
  EXPECT_THAT(refusal(Language::kBinary, "./none.sh"), HasSubstr("the file " + job() + "/./none.sh does not exist"));
  EXPECT_THAT(refusal(Language::kBinary, "no-such-program-here"), HasSubstr("neither in the job folder"));
  EXPECT_THAT(refusal(Language::kBinary, "awk -f map.awk"),
              HasSubstr("say `script: awk`, and the rest as a list in `arguments:`"));
  EXPECT_THAT(refusal(Language::kPython, "none.py"), HasSubstr("the file " + job() + "/none.py does not exist"));
  EXPECT_THAT(refusal(Language::kPython, "."), HasSubstr("does not exist"));
}

TEST_F(ModuleCommand, LinksTheJobFolderButNotItsResults) {
  for (const char* name : {"lookup.csv", "result.txt", "result.txt.3", "result.json", "bad_records.txt", ".hidden"}) {
    write(name, 0644);
  }
  fs::create_directory(job() + "/data");
  EXPECT_TRUE(link_job_folder(job(), work()).value());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(work())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("lookup.csv", "data"));
  EXPECT_EQ(fs::read_symlink(work() + "/lookup.csv"), job() + "/lookup.csv");
}

TEST_F(ModuleCommand, LeavesWhatTheWorkingFolderHas) {
  write("lookup.csv", 0644);
  std::ofstream(work() + "/lookup.csv") << "ours";
  EXPECT_TRUE(link_job_folder(job(), work()).value());
  EXPECT_FALSE(fs::is_symlink(work() + "/lookup.csv"));
}

TEST_F(ModuleCommand, LinksNothingFromAFolderOfVeryManyEntries) {
  for (std::size_t i = 0; i <= kMostJobLinks; ++i) write(std::to_string(i), 0644);
  EXPECT_FALSE(link_job_folder(job(), work()).value());
  EXPECT_TRUE(fs::is_empty(work()));
}

TEST_F(ModuleCommand, SaysThatAJobFolderIsNotThere) {
  auto result = link_job_folder(job() + "/none", work());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("reading the job folder " + job() + "/none"));
}

TEST(ByHand, IsWhatAShellRunsWithTheArgumentsOfTheJob) {
  Module module{.language = Language::kPython, .script = "mapper.py", .arguments = {"--all", "New York"}};
  EXPECT_EQ(by_hand("/jobs/a b", "/usr/bin/python3", module),
            "cd '/jobs/a b' && /usr/bin/python3 mapper.py --all 'New York'");
}

}  // namespace

namespace {

class InputName : public testing::Test {
 protected:
  InputName() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
  ~InputName() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  bool asks(const std::vector<std::string>& command) { return asks_for_input_name(command, folder_); }

  std::string folder_ = "/tmp/input-name-XXXXXX";
};

TEST_F(InputName, IsAskedForInAScriptAnArgumentOrAFileThatOneNames) {
  std::string plain = write("plain.sh", "#!/bin/sh\nexec cat\n");
  EXPECT_FALSE(asks({plain, "--map", "input", "."}));
  EXPECT_TRUE(asks({write("quern.sh", "echo $QUERN_INPUT_FILE\n")}));
  EXPECT_TRUE(asks({write("hadoop.sh", "echo ${mapreduce_map_input_file##*/}\n")}));
  EXPECT_TRUE(asks({plain, write("old.py", "os.environ['map_input_file']\n")}));
  EXPECT_TRUE(asks({write("mrjob.py", "jobconf_from_env('mapreduce.map.input.file')\n")}));
  EXPECT_TRUE(asks({plain, "-f", "quern.sh"}));
  EXPECT_TRUE(asks({"/bin/sh", "-c", "echo $QUERN_INPUT_FILE"}));
  EXPECT_TRUE(asks({write("program", std::string(100000, '\0') + "QUERN_INPUT_FILE")}));
  EXPECT_FALSE(asks({folder_ + "/absent", ""}));
}

TEST_F(InputName, StandsInTwoVariables) {
  EXPECT_EQ(input_variables("a b"), (std::vector<std::string>{"QUERN_INPUT_FILE=a b", "mapreduce_map_input_file=a b"}));
}

}  // namespace

}  // namespace quern::process

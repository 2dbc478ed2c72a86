#include "app/first_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "job_file/job_file.h"

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Language kLanguages[] = {Language::kPython, Language::kJavascript, Language::kBinary};

std::vector<std::string> names_of(Language language) {
  std::vector<std::string> names;
  for (const FirstJobFile& made : first_job(language)) names.push_back(made.file.name);
  return names;
}

TEST(FirstJob, HasItsFiles) {
  EXPECT_THAT(names_of(Language::kPython),
              ElementsAre("analysis-tools.yml", "mapper.py", "reducer.py", "data/sample.json", "test_mapper.py",
                          "Dockerfile", ".gitignore"));
  EXPECT_THAT(names_of(Language::kJavascript),
              ElementsAre("analysis-tools.yml", "mapper.js", "reducer.js", "data/sample.json", "test_mapper.js",
                          "Dockerfile", ".gitignore"));
  EXPECT_THAT(names_of(Language::kBinary),
              ElementsAre("analysis-tools.yml", "mapper.sh", "reducer.sh", "data/sample.json", "test_mapper.sh",
                          "Dockerfile", ".gitignore"));
}

TEST(FirstJob, HasProgramsThatRun) {
  for (Language language : kLanguages) {
    for (const FirstJobFile& made : first_job(language)) {
      EXPECT_EQ(made.file.is_executable, made.file.name.ends_with(".sh")) << made.file.name;
      EXPECT_TRUE(made.file.text.ends_with('\n')) << made.file.name;
    }
  }
}

TEST(FirstJob, IsTheTemplates) {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  for (Language language : kLanguages) {
    for (const FirstJobFile& made : first_job(language)) {
      const std::string name = made.file.name == ".gitignore" ? "gitignore" : made.file.name;
      std::filesystem::path path = std::filesystem::path(source) / "templates" / name_of(language) / name;
      if (!std::filesystem::exists(path)) path = std::filesystem::path(source) / "templates/common" / name;
      std::stringstream text;
      text << std::ifstream(path).rdbuf();
      EXPECT_EQ(made.file.text, text.str()) << path;
    }
  }
}

TEST(FirstJob, HasAJobFileThatNamesItsScripts) {
  for (Language language : kLanguages) {
    const std::vector<FirstJobFile> files = first_job(language);
    auto job = parse_job({.path = "j", .folder = "/", .text = std::string(files[0].file.text)});
    ASSERT_TRUE(job.ok()) << job.error().message;
    const Step& step = job.value().job.steps.at(0);
    EXPECT_EQ(step.mapper.module.value().language, language);
    EXPECT_EQ(step.mapper.module.value().script, files[1].file.name);
    EXPECT_EQ(step.reducer.value().module.value().script, files[2].file.name);
    EXPECT_THAT(job.value().job.inputs, ElementsAre(files[3].file.name));
    EXPECT_THAT(std::string(files[4].file.text),
                HasSubstr(std::string(test_runner(language)) + " " + files[4].file.name));
    for (int script : {0, 1, 2}) {
      EXPECT_THAT(std::string(files[5].file.text), HasSubstr(" " + files[script].file.name + " "));
    }
  }
}

}  // namespace
}  // namespace quern::app

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "job_file/job_file.h"

// Checks docs/job-file.md against the program, so that it cannot become outdated.

namespace quern {
namespace {

using ::testing::HasSubstr;

class JobFilePage : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* source = std::getenv("QUERN_SOURCE_DIR");
    if (source == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
    std::ifstream file(std::string(source) + "/docs/job-file.md");
    ASSERT_TRUE(file.is_open());
    for (std::string line; std::getline(file, line);) lines_.push_back(line);
  }

  std::vector<std::string> lines_;
};

// The content of the first backticks in the nth cell of a table row; the whole cell if it has none.
std::string cell(const std::string& row, int number) {
  std::stringstream cells(row);
  std::string text;
  for (int i = 0; i <= number + 1; ++i) std::getline(cells, text, '|');
  std::size_t begin = text.find('`');
  if (begin == std::string::npos) return text.substr(1, text.size() - 2);
  return text.substr(begin + 1, text.find('`', begin + 1) - begin - 1);
}

TEST_F(JobFilePage, NamesEverySetting) {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  for (const std::string& name : setting_names()) EXPECT_THAT(text, HasSubstr("`" + name + "`"));
}

TEST_F(JobFilePage, SaysTheRightDefaults) {
  auto job = parse_job({.path = "j", .folder = "/", .text = "language: python\nscript: a\n"});
  ASSERT_TRUE(job.ok());
  std::map<std::string, std::string> defaults;
  for (const SettingOrigin& setting : job.value().settings) defaults[setting.key] = setting.value;
  std::size_t checked = 0;
  for (const std::string& line : lines_) {
    bool is_row = line.starts_with("| `") && !line.starts_with("| `mapper.");
    if (!is_row || !defaults.contains(cell(line, 0))) continue;
    const std::string& value = defaults[cell(line, 0)];
    EXPECT_EQ(cell(line, 2), value.empty() ? "not set" : value) << line;
    ++checked;
  }
  EXPECT_GE(checked, 25U);
}

TEST_F(JobFilePage, ShowsExamplesThatWork) {
  std::size_t examples = 0;
  std::string example;
  bool inside = false;
  for (const std::string& line : lines_) {
    if (inside && line == "```") {
      auto job = parse_job({.path = "example", .folder = "/", .text = example});
      EXPECT_TRUE(job.ok()) << example << (job.ok() ? "" : job.error().message);
      ++examples;
      inside = false;
    }
    if (inside) example += line + "\n";
    if (line == "```yaml") {
      inside = true;
      example.clear();
    }
  }
  EXPECT_EQ(examples, 11U);
}

}  // namespace
}  // namespace quern

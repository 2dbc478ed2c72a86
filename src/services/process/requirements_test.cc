#include "services/process/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "services/process/interpreter.h"

namespace quern::process {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Requirements : public ::testing::Test {
 protected:
  Requirements() {
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/sub");
  }
  ~Requirements() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }
  // What pip leaves of a package that it has installed.
  void install(const std::string& name, const std::string& version) {
    write("packages/" + name + "-" + version + ".dist-info/METADATA",
          "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n");
  }
  std::vector<std::string> unmet(const Module& module) {
    const std::string interpreter = find_interpreter(module.language).value();
    auto unmet = unmet_requirements(
        {.module = module, .interpreter = interpreter, .file = requirements_of(module, folder_).value()});
    EXPECT_TRUE(unmet.ok()) << unmet.error().message;
    return unmet.ok() ? unmet.value() : std::vector<std::string>();
  }

  const std::string folder_ = fs::canonical(::testing::TempDir()).string() + "/requirements_test";
  const Module python_{
      .language = Language::kPython, .script = "mapper.py", .environment = {{"PYTHONPATH", folder_ + "/packages"}}};
  const Module javascript_{.language = Language::kJavascript, .script = "sub/mapper.js"};
};

TEST_F(Requirements, AreInAFileNextToTheScript) {
  EXPECT_EQ(requirements_of(python_, folder_), std::nullopt);
  write("requirements.txt", "");
  write("sub/package.json", "{}");
  EXPECT_EQ(requirements_of(python_, folder_), folder_ + "/requirements.txt");
  EXPECT_EQ(requirements_of(javascript_, folder_), folder_ + "/sub/package.json");
  Module module{.language = Language::kPython, .script = "sub/mapper.py"};
  EXPECT_EQ(requirements_of(module, folder_), std::nullopt);
  module = {.language = Language::kBinary, .script = "mapper.py"};
  EXPECT_EQ(requirements_of(module, folder_), std::nullopt);
}

TEST_F(Requirements, OfPythonAreThoseThatItsInterpreterHas) {
  install("quern_one", "1.5");
  write("requirements.txt",
        "\xef\xbb\xbf# what it needs\n-r other.txt\n--no-index\n./a.whl\nhttps://host/b.whl\n\n"
        "Quern.One  # there under another spelling\nquern-two==2 --hash=sha256:ab\nquern-three[fast] \\\n  >=1,<3\n");
  EXPECT_THAT(unmet(python_), ElementsAre("quern-two==2 (is not there)", HasSubstr("quern-three[fast]")));
}

// The first of these packages says that it cannot be imported, so that versions cannot be compared.
TEST_F(Requirements, AreNotComparedWithVersionsWithoutPackaging) {
  for (const char* name : {"packaging", "pip"}) {
    write("packages/" + std::string(name) + "/__init__.py", "raise ImportError('not here')\n");
  }
  install("quern_one", "1.5");
  write("requirements.txt", "quern-one>=2\nquern-two; python_version < '3'\nquern-three\n");
  EXPECT_THAT(unmet(python_), ElementsAre("quern-three (is not there)"));
}

TEST_F(Requirements, AreComparedWithVersionsAndConditions) {
  const std::string interpreter = find_interpreter(Language::kPython).value();
  if (std::system(("'" + interpreter + "' -c 'import packaging' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << interpreter << " has no `packaging`";
  }
  install("quern_one", "1.5");
  write("requirements.txt",
        "quern-one>=1.2,<2\nquern-two; python_version < '3'\nquern-one==1.4\nquern-one~=2.0 ; python_version>'3'\n");
  EXPECT_THAT(unmet(python_), ElementsAre("quern-one==1.4 (has 1.5)", HasSubstr("quern-one~=2.0")));
}

TEST_F(Requirements, OfJavascriptAreInNodeModulesThereOrAbove) {
  write("node_modules/above/package.json", "{}");
  write("sub/node_modules/@scope/there/package.json", "{}");
  write("sub/package.json", R"({"dependencies": {"above": "^1", "@scope/there": "*", "left-pad": "^1.3"},
                              "devDependencies": {"eslint": "*"}})");
  EXPECT_THAT(unmet(javascript_), ElementsAre("left-pad ^1.3 (is not there)"));
  write("sub/package.json", "{}");
  EXPECT_THAT(unmet(javascript_), IsEmpty());
  write("sub/package.json", "{");
  auto broken = unmet_requirements({.module = javascript_,
                                    .interpreter = find_interpreter(Language::kJavascript).value(),
                                    .file = folder_ + "/sub/package.json"});
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("for its packages"));
}

TEST_F(Requirements, AreRecommendedOnlyIfAnImportFails) {
  const std::string how = "ModuleNotFoundError: No module named 'numpy'";
  EXPECT_EQ(requirements_advice(python_, folder_, how), "");
  write("requirements.txt", "numpy\n");
  EXPECT_EQ(requirements_advice(python_, folder_, "KeyError: 'numpy'"), "");
  EXPECT_EQ(requirements_advice(python_, folder_, how),
            "see which packages of " + folder_ + "/requirements.txt are missing: quern doctor " + folder_);
}

}  // namespace
}  // namespace quern::process

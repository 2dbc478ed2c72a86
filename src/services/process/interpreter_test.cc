#include "services/process/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace quern::process {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Sets or unsets an environment variable until the end of the test.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const std::optional<std::string>& value) {
    if (value.has_value()) {
      ::setenv(name_, value->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

class FindInterpreter : public ::testing::Test {
 protected:
  FindInterpreter() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~FindInterpreter() override { std::filesystem::remove_all(folder_); }

  std::string write_script(const std::string& name, std::string_view text) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0755);
    return path;
  }

  std::string folder_ = ::testing::TempDir() + "interpreter_test";
  Variable no_python_{"QUERN_PYTHON", std::nullopt};
  Variable no_node_{"QUERN_NODE", std::nullopt};
};

TEST_F(FindInterpreter, KeepsALinkToAProgram) {
  std::filesystem::create_symlink("/bin/true", folder_ + "/node");
  Variable path("PATH", "/no/such:" + folder_);
  EXPECT_EQ(find_interpreter(Language::kJavascript).value(), folder_ + "/node");
}

TEST_F(FindInterpreter, AsksAShimForTheRealOne) {
  write_script("python3", "#!/bin/sh\necho a warning >&2\necho /bin/true\n");
  Variable path("PATH", folder_);
  EXPECT_EQ(find_interpreter(Language::kPython).value(), "/bin/true");
}

TEST_F(FindInterpreter, TakesTheOneThatIsNamed) {
  Variable path("PATH", folder_);
  Variable named("QUERN_PYTHON", "/bin/true");
  EXPECT_EQ(find_interpreter(Language::kPython).value(), "/bin/true");
  Variable by_name("QUERN_NODE", "mynode");
  std::filesystem::create_symlink("/bin/true", folder_ + "/mynode");
  EXPECT_EQ(find_interpreter(Language::kJavascript).value(), folder_ + "/mynode");
}

TEST_F(FindInterpreter, TakesThatOfTheJobBeforeAllOthers) {
  std::filesystem::create_directory(folder_ + "/bin");
  std::filesystem::create_symlink("/bin/true", folder_ + "/bin/mypython");
  Variable path("PATH", folder_ + "/bin");
  Variable named("QUERN_PYTHON", "/bin/false");
  Module module{.language = Language::kPython};
  EXPECT_EQ(interpreter_of(module, folder_).value(), "/bin/false");
  for (const std::string& interpreter :
       {std::string("bin/mypython"), folder_ + "/bin/mypython", std::string("mypython")}) {
    module.interpreter = interpreter;
    EXPECT_EQ(interpreter_of(module, folder_).value(), folder_ + "/bin/mypython");
  }
}

TEST_F(FindInterpreter, SaysWhatToDoWithoutThatOfTheJob) {
  struct Row {
    const char* interpreter;
    std::string words;
  };
  for (const Row& row :
       {Row{".venv/bin/python", "names " + folder_ + "/.venv/bin/python, which is not an executable file"},
        Row{"~/python", "names " + folder_ + "/~/python, which is not an executable file"},
        Row{"no-such-python", "names no-such-python, which is not on PATH"}}) {
    Module module{.language = Language::kPython};
    module.interpreter = row.interpreter;
    auto found = interpreter_of(module, folder_);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(found.error().message, AllOf(HasSubstr("`interpreter:` " + row.words), HasSubstr("the path")));
  }
}

TEST_F(FindInterpreter, SaysWhatToDoWithoutOne) {
  Variable path("PATH", folder_);
  auto python = find_interpreter(Language::kPython);
  ASSERT_FALSE(python.ok());
  EXPECT_EQ(python.error().message,
            "python3 is not on PATH; install it (apt-get install python3) or name it in QUERN_PYTHON");
  EXPECT_EQ(python.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(find_interpreter(Language::kJavascript).error().message, HasSubstr("apt-get install nodejs"));
}

TEST_F(FindInterpreter, RefusesAWrongName) {
  Variable named("QUERN_PYTHON", "/no/such/python");
  EXPECT_EQ(find_interpreter(Language::kPython).error().message,
            "QUERN_PYTHON names /no/such/python, which is not an executable file");
}

TEST_F(FindInterpreter, ReportsAShimThatGivesNoProgram) {
  struct Row {
    const char* text;
    const char* words;
  };
  for (const Row& row : {Row{"#!/bin/sh\necho no such version >&2; exit 1\n", "it failed: no such version"},
                         Row{"#!/bin/sh\necho what\n", "it answered 'what', which is not a program"}}) {
    std::string shim = write_script("python3", row.text);
    Variable path("PATH", folder_);
    EXPECT_EQ(find_interpreter(Language::kPython).error().message,
              "asking " + shim + " for the real python3: " + row.words + "; name the real one in QUERN_PYTHON");
  }
}

TEST_F(FindInterpreter, AsksForAVersion) {
  std::string speaks =
      write_script("speaks", "#!/bin/sh\necho warning >&2\n[ \"$1\" = --version ] && echo Python 3.6.9\n");
  EXPECT_EQ(version_of_interpreter(speaks).value(), "Python 3.6.9");
  std::string fails = write_script("fails", "#!/bin/sh\necho broken\nexit 3\n");
  auto version = version_of_interpreter(fails);
  ASSERT_FALSE(version.ok());
  EXPECT_THAT(version.error().message, AllOf(HasSubstr("asking " + fails + " for its version"), HasSubstr("broken")));
}

TEST(ChildEnvironment, HidesSecretsUnlessTheJobAsksForThem) {
  Variable credentials("CREDENTIALS", "secret");
  Variable token("AWS_SESSION_TOKEN", "secret");
  Variable region("AWS_REGION", "here");
  Variable root("TASKCLUSTER_ROOT_URL", "secret");
  Variable key("QUERN_KEY_FILE", "secret");
  Variable smtp("SMTP_URL", "secret");
  Variable password("QUERN_SMTP_PASSWORD", "secret");
  Variable run("QUERN_RUN", "ours");
  Variable plain("PLAIN", "a=b");
  auto environment = child_environment({{"AWS_REGION", std::nullopt}, {"NOT_SET", std::nullopt}}, {});
  EXPECT_THAT(environment, Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(environment, Not(Contains(StartsWith("QUERN_RUN="))));
  EXPECT_THAT(environment, Not(Contains(StartsWith("NOT_SET="))));
  EXPECT_THAT(environment, Contains("AWS_REGION=here"));
  EXPECT_THAT(environment, Contains("PLAIN=a=b"));
  EXPECT_TRUE(environment_has_secrets());
}

TEST(ChildEnvironment, OverridesInOrder) {
  Variable a("A", "ours");
  Variable b("B", "ours");
  Variable c("C", "ours");
  auto environment = child_environment({{"B", "job"}, {"C", "job"}}, {"C=extra", "D=extra"});
  for (const char* entry : {"A=ours", "B=job", "C=extra", "D=extra"}) {
    EXPECT_THAT(environment, Contains(entry).Times(1));
  }
  EXPECT_THAT(environment, Not(Contains("C=job")));
}

}  // namespace
}  // namespace quern::process

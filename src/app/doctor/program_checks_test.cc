#include "app/doctor/program_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quern::app::doctor {
namespace {

using State = Finding::State;

TEST(ParseVersion, TakesTheFirstTwoNumbers) {
  struct Row {
    const char* text;
    std::optional<Version> version;
  };
  for (const Row& row : {Row{"Python 3.11.2", Version{3, 11}}, Row{"v18.20.4", Version{18, 20}},
                         Row{"3.6", Version{3, 6}}, Row{"PyPy 7.3.11 with GCC", Version{7, 3}}, Row{"", std::nullopt},
                         Row{"Python", std::nullopt}, Row{"v18", std::nullopt}, Row{"18.", std::nullopt},
                         Row{"18.x", std::nullopt}, Row{"3.-8", std::nullopt}, Row{"99999999999.1", std::nullopt}}) {
    EXPECT_EQ(parse_version(row.text), row.version) << row.text;
  }
}

TEST(Findings, TakeTheFixFromTheEndOfAMessage) {
  const Error error{.message = "QUERN_KEY_FILE names no file; make one; or name another"};
  EXPECT_EQ(lacking(Need::kNeeded, "key", error).found, "QUERN_KEY_FILE names no file");
  EXPECT_EQ(lacking(Need::kNeeded, "key", error).fix, "make one; or name another");
  EXPECT_EQ(lacking(Need::kNeeded, "key", error, "do this").found, error.message);
  EXPECT_EQ(lacking(Need::kNeeded, "key", error, "do this").fix, "do this");
  EXPECT_EQ(lacking(Need::kNeeded, "key", Error{.message = "no"}).fix, "");
}

InterpreterSeen seen(Language language, const std::string& version) {
  return {.language = language, .path = std::string("/usr/bin/it"), .version = version};
}

TEST(Interpreter, IsOkIfItIsNewEnough) {
  const Finding python = check_interpreter(seen(Language::kPython, "Python 3.8.0"), Need::kNeeded);
  EXPECT_EQ(python.state, State::kOk);
  EXPECT_EQ(python.what, "python3");
  EXPECT_EQ(python.found, "Python 3.8.0, /usr/bin/it");
  EXPECT_EQ(check_interpreter(seen(Language::kJavascript, "v18.0.0"), Need::kNotNeeded).state, State::kOk);
  EXPECT_EQ(check_interpreter(seen(Language::kJavascript, "v120.0.0"), Need::kNeeded).state, State::kOk);
}

TEST(Interpreter, IsMissingOnlyWhereItIsNeeded) {
  const Error none{.kind = ErrorKind::kNotFound, .message = "node is not on PATH; install it"};
  const Error broken{.kind = ErrorKind::kNotFound, .message = "asking /usr/bin/it for its version: it failed: no"};
  struct Row {
    const char* name;
    InterpreterSeen seen;
    const char* found;
    const char* fix;
  };
  const Row rows[] = {
      {"none",
       {Language::kJavascript, none, std::string()},
       "node is not on PATH",
       "apt-get install nodejs, or name one in QUERN_NODE"},
      {"broken", {Language::kPython, std::string("/usr/bin/it"), broken}, "it failed: no", "QUERN_PYTHON"},
      {"silent", seen(Language::kPython, "hello"), "gives no version: 'hello'", "name another in QUERN_PYTHON"},
      {"old python", seen(Language::kPython, "Python 3.6.9"), "/usr/bin/it is 3.6, and modules need 3.8",
       "name it in QUERN_PYTHON"},
      {"very old python", seen(Language::kPython, "Python 2.7.18"), "is 2.7", "name it in QUERN_PYTHON"},
      {"old one of the job",
       {Language::kPython, std::string("/usr/bin/it"), std::string("Python 3.6.9"), "mapper.interpreter"},
       "/usr/bin/it is 3.6, and modules need 3.8",
       "name it in mapper.interpreter"},
      {"old node", seen(Language::kJavascript, "v12.22.12"), "is 12.22, and modules need 18.0",
       "name it in QUERN_NODE"},
  };
  for (const Row& row : rows) {
    for (Need need : {Need::kNeeded, Need::kNotNeeded}) {
      const Finding finding = check_interpreter(row.seen, need);
      EXPECT_EQ(finding.state, need == Need::kNeeded ? State::kMissing : State::kNote) << row.name;
      EXPECT_THAT(finding.found, testing::HasSubstr(row.found)) << row.name;
      EXPECT_THAT(finding.fix, testing::HasSubstr(row.fix)) << row.name;
    }
  }
}

TEST(Packages, AreGotWhereTheInterpreterLooksForThem) {
  PackagesSeen seen{.file = "my job/requirements.txt",
                    .folder = "my job",
                    .interpreter = "/usr/bin/python3",
                    .setting = "mapper.interpreter",
                    .unmet = std::vector<std::string>()};
  EXPECT_EQ(check_packages(seen).state, State::kOk);
  EXPECT_EQ(check_packages(seen).what, "requirements.txt");
  seen.unmet = std::vector<std::string>{"numpy>=2 (has 1.26)", "pandas (is not there)"};
  EXPECT_EQ(check_packages(seen).state, State::kMissing);
  EXPECT_EQ(check_packages(seen).found,
            "/usr/bin/python3 does not fit my job/requirements.txt: numpy>=2 (has 1.26), pandas (is not there)");
  EXPECT_EQ(check_packages(seen).fix,
            "python3 -m venv 'my job/.venv' && 'my job/.venv'/bin/pip install -r 'my job/requirements.txt', then "
            "mapper.interpreter: .venv/bin/python");
  seen.is_in_venv = true;
  EXPECT_EQ(check_packages(seen).fix, "/usr/bin/python3 -m pip install -r 'my job/requirements.txt'");
  seen.language = Language::kJavascript;
  seen.file = "package.json";
  EXPECT_EQ(check_packages(seen).fix, "npm install --prefix .");
  seen.unmet = Error{.message = "it failed"};
  EXPECT_EQ(check_packages(seen).state, State::kNote);
}

}  // namespace
}  // namespace quern::app::doctor

#include "stages/reducer/reducer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "services/process/guard_for_test.h"
#include "stages/reducer/fakes_for_test.h"

namespace quern::reducer {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
namespace fs = std::filesystem;

class FakeEvents final : public EventSink {
 public:
  void emit(const event::Event& event) override { all.push_back(event); }
  template <typename Kind>
  std::vector<Kind> of() const {
    std::vector<Kind> found;
    for (const event::Event& event : all) {
      if (auto* kind = std::get_if<Kind>(&event)) found.push_back(*kind);
    }
    return found;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    for (const auto& line : of<event::ModuleLine>()) found.push_back(line.line);
    return found;
  }
  std::vector<std::string> notes() const {
    std::vector<std::string> found;
    for (const auto& note : of<event::Note>()) found.push_back(note.text);
    return found;
  }
  std::uint64_t groups() const {
    std::uint64_t sum = 0;
    for (const auto& reduced : of<event::GroupsReduced>()) sum += reduced.groups;
    return sum;
  }
  std::uint64_t values() const {
    std::uint64_t sum = 0;
    for (const auto& reduced : of<event::GroupsReduced>()) sum += reduced.values;
    return sum;
  }
  std::vector<event::Event> all;
};

class ReducerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // As in quern: a child that closes its input must not kill the writer.
    std::string pattern = (fs::temp_directory_path() / "quern-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ + "/job");
    fs::create_directories(root_ + "/child");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    std::string path = root_ + "/job/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0755);
  }
  // Runs this script as the reducer.
  Result<void> reduce(Interface interface, Language language, const std::string& script, const Groups& groups) {
    module_.script = language == Language::kPython   ? "reducer.py"
                     : language == Language::kBinary ? "reducer.sh"
                                                     : "reducer.js";
    write(module_.script, script);
    module_.interface = interface;
    module_.language = language;
    return run(groups);
  }
  Result<void> python(const std::string& script, const Groups& groups) {
    return reduce(Interface::kFunction, Language::kPython, script, groups);
  }
  Result<void> shell_lines(const std::string& script, const Groups& groups) {
    return reduce(Interface::kLines, Language::kBinary, "#!/bin/sh\n" + script, groups);
  }
  Result<void> shell_files(const std::string& script, const Groups& groups) {
    return reduce(Interface::kFiles, Language::kBinary, "#!/bin/sh\n" + script, groups);
  }
  Result<void> run(const Groups& groups) {
    auto reducer = Reducer::make({.module = &module_,
                                  .job_folder = root_ + "/job",
                                  .working_folder = root_ + "/child",
                                  .separator = separator_,
                                  .values = values_,
                                  .child = 4,
                                  .timeout = timeout_,
                                  .attempts = attempts_},
                                 guard_, events_);
    TRY(reducer->start());
    auto open = [&]() -> Result<std::unique_ptr<GroupSource>> {
      return std::unique_ptr<GroupSource>(std::make_unique<FakeGroups>(groups));
    };
    return reducer->run(open, sink_, stop_.get_token());
  }
  static std::string details_of(const Result<void>& result) {
    EXPECT_FALSE(result.ok());
    if (result.ok()) return "";
    EXPECT_EQ(result.error().kind, ErrorKind::kChildFailed) << result.error().message;
    return result.error().details;
  }

  std::string root_;
  process::NoGuard guard_;
  FakeEvents events_;
  FakeSink sink_;
  std::stop_source stop_;
  Module module_;
  std::string separator_ = " ";
  ValuesKind values_ = ValuesKind::kList;
  std::size_t attempts_ = 1;
  std::chrono::milliseconds timeout_ = std::chrono::hours(1);
};

// More values than fit into three frames.
Groups large_groups() {
  Groups groups = {{"a", {"1"}}, {"b", {}}, {"c", {"3"}}};
  for (int i = 0; i < 400'000; ++i) groups[1].second.push_back(std::to_string(1'000'000 + i));
  return groups;
}

const char* const kSum = "def reduce(key, values):\n    return key, sum(int(v) for v in values)\n";

TEST_F(ReducerTest, GivesEachGroupsLinesWithItsKey) {
  auto result = python(
      "def reduce(key, values):\n"
      "    if key == 'none': return None\n"
      "    return [f'{key} {v}' for v in values]\n",
      {{"a", {"2", "1"}}, {"none", {"x"}}, {"z", {"3"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 2\na 1\n"), Pair("z", "z 3\n")));
  EXPECT_EQ(events_.groups(), 3U);
  EXPECT_EQ(events_.values(), 4U);
}

TEST_F(ReducerTest, ReducesAGroupOfSeveralFrames) {
  for (ValuesKind kind : {ValuesKind::kList, ValuesKind::kIterator}) {
    values_ = kind;
    sink_ = {};
    auto result = python(kSum, large_groups());
    ASSERT_TRUE(result.ok()) << result.error().details;
    EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n"), Pair("b", "b 479999800000\n"), Pair("c", "c 3\n")));
  }
}

TEST_F(ReducerTest, ReducesManyGroupsInOrder) {
  Groups groups;
  std::string expected;
  for (int i = 100'000; i < 400'000; ++i) {
    groups.emplace_back(std::to_string(i), std::vector<std::string>{"1", "2"});
    expected += std::to_string(i) + " 3\n";
  }
  auto result = python(kSum, groups);
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_TRUE(sink_.text == expected);
  EXPECT_EQ(events_.groups(), 300'000U);
}

TEST_F(ReducerTest, ReducesNothing) {
  auto result = python(kSum, {});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, IsEmpty());
}

TEST_F(ReducerTest, ReducesInJavascript) {
  if (std::system("node --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no node";
  auto result = reduce(Interface::kFunction, Language::kJavascript,
                       "exports.reduce = async (key, values) => [key, values.length];\n", large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_EQ(sink_.added.size(), 3U);
}

// A child tells how far it is about once a second.
TEST_F(ReducerTest, TellsHowManyGroupsOfAFrameAreReduced) {
  const Groups groups = {{"a", {"1"}}, {"b", {"1"}}, {"c", {"1"}}};
  const char* const sleep = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)";
  EXPECT_TRUE(python("import time\ndef reduce(key, values):\n    time.sleep(0.6)\n    return key\n", groups).ok());
  EXPECT_TRUE(reduce(Interface::kFunction, Language::kJavascript,
                     fmt::format("exports.reduce = (key, values) => {{ {}; return key; }};\n", sleep), groups)
                  .ok());
  std::size_t told = 0;
  for (const event::Event& event : events_.all) {
    const auto* progress = std::get_if<event::BlockProgress>(&event);
    if (progress == nullptr) continue;
    ++told;
    EXPECT_EQ(progress->role, event::Role::kReducer);
    EXPECT_EQ(progress->child, 4U);
    EXPECT_GE(progress->records, 1U);
    EXPECT_LE(progress->records, groups.size());
  }
  EXPECT_GE(told, 2U);
}

TEST_F(ReducerTest, ReportsAGroupThatRaisesAndGoesOn) {
  auto result = python(kSum, {{"a", {"1"}}, {"b", {"x"}}, {"c", {"3"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n"), Pair("c", "c 3\n")));
  ASSERT_EQ(events_.of<event::GroupBad>().size(), 1U);
  EXPECT_EQ(events_.of<event::GroupBad>()[0].key, "b");
  EXPECT_THAT(events_.of<event::GroupBad>()[0].reason, HasSubstr("ValueError"));
  EXPECT_EQ(events_.groups(), 2U);
}

TEST_F(ReducerTest, PassesOnCountersAndWhatTheModulePrints) {
  auto result = python(
      "import quern, os\n"
      "def reduce(key, values):\n"
      "    print('at', key, os.environ['QUERN_ROLE'], open('lookup.csv').read())\n"
      "    quern.count('words', 'seen', 2)\n",
      {{"a", {"1"}}});
  write("lookup.csv", "found");
  ASSERT_TRUE(result.ok()) << result.error().details;
  ASSERT_EQ(events_.of<event::GroupBad>().size(), 1U);  // lookup.csv was created after the start
  fs::remove_all(root_ + "/child");
  fs::create_directories(root_ + "/child");
  ASSERT_TRUE(run({{"a", {"1"}}}).ok());
  EXPECT_THAT(events_.lines(), Contains("at a reducer found"));
  ASSERT_EQ(events_.of<event::Counted>().size(), 1U);
  EXPECT_EQ(events_.of<event::Counted>()[0].amount, 2);
}

struct Death {
  const char* name;
  const char* script;
  std::vector<const char*> words;  // in the cause block
};

TEST_F(ReducerTest, EndsTheJobWithACauseBlockWhenItsChildFails) {
  const std::vector<Death> deaths = {
      {"no function",
       "x = 1\n",
       {"reducer 4 (reducer.py) failed", "while it loaded its module", "define a function reduce"}},
      {"import fails", "import no_such_module\n", {"ModuleNotFoundError", "line 1", "load it by hand"}},
      {"syntax error", "def reduce(:\n", {"SyntaxError"}},
      {"exits",
       "import os, sys\ndef reduce(k, v):\n    print('last words', flush=True)\n    os._exit(3)\n",
       {"exit status 3", "at one of the keys 'a' to 'b'", "last words"}},
      {"is killed", "import os\ndef reduce(k, v): os.kill(os.getpid(), 11)\n", {"signal 11"}},
      {"writes garbage", "import os\ndef reduce(k, v): os.write(501, b'garbage' * 9)\n", {"where a frame must start"}},
      {"writes half a frame",
       "import os\ndef reduce(k, v):\n    os.write(501, b'QRN1')\n    os._exit(0)\n",
       {"exit status 0", "in the middle of a frame"}},
      {"teardown raises",
       "def reduce(k, v): pass\ndef teardown(): raise ValueError('at the end')\n",
       {"at the end", "in its teardown()"}},
  };
  for (const Death& death : deaths) {
    events_.all.clear();
    auto result = python(death.script, {{"a", {"1"}}, {"b", {"2"}}});
    ASSERT_FALSE(result.ok()) << death.name;
    std::string details = details_of(result);
    for (const char* words : death.words) EXPECT_THAT(details, HasSubstr(words)) << death.name;
    EXPECT_EQ(events_.of<event::ChildDied>().size(), 1U) << death.name;
    EXPECT_EQ(events_.of<event::ChildChanged>().back().state, event::ChildState::kGone) << death.name;
  }
}

// A module that does this once, at the key "b".
std::string dies_once(const std::string& act) {
  return "import os, quern, time\n"
         "MARK = os.environ['QUERN_JOB_FOLDER'] + '/died'\n"
         "def reduce(key, values):\n"
         "    quern.count('keys', 'seen')\n"
         "    if key == 'b' and not os.path.exists(MARK):\n"
         "        open(MARK, 'w').close()\n        " +
         act + "\n    return key, sum(int(v) for v in values)\n";
}

TEST_F(ReducerTest, GivesAnotherChildWhatWasNotAnswered) {
  attempts_ = 2;
  for (const char* act : {"os._exit(0)", "os.kill(os.getpid(), 9)", "os.write(501, b'garbage' * 9)",
                          "os.closerange(3, 1000); os._exit(0)"}) {
    events_.all.clear();
    sink_ = {};
    fs::remove(root_ + "/job/died");
    auto result = python(dies_once(act), {{"a", {"1"}}, {"b", {"2", "3"}}, {"c", {"x"}}});
    ASSERT_TRUE(result.ok()) << act << result.error().details;
    EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n"), Pair("b", "b 5\n"))) << act;
    EXPECT_EQ(events_.of<event::ChildDied>().size(), 1U) << act;
    EXPECT_EQ(events_.of<event::GroupBad>().size(), 1U) << act;
    EXPECT_EQ(events_.groups(), 2U) << act;
    ASSERT_EQ(events_.of<event::Counted>().size(), 1U) << act;
    EXPECT_EQ(events_.of<event::Counted>()[0].amount, 3) << act;
  }
}

TEST_F(ReducerTest, BeginsAGroupOfSeveralFramesAgain) {
  attempts_ = 2;
  values_ = ValuesKind::kIterator;
  auto result = python(
      "import os\n"
      "MARK = os.environ['QUERN_JOB_FOLDER'] + '/died'\n"
      "def reduce(key, values):\n"
      "    total = 0\n"
      "    for count, value in enumerate(values):\n"
      "        total += int(value)\n"
      "        if count == 350_000 and not os.path.exists(MARK):\n"
      "            open(MARK, 'w').close()\n"
      "            os._exit(3)\n"
      "    return key, total\n",
      large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n"), Pair("b", "b 479999800000\n"), Pair("c", "c 3\n")));
  EXPECT_EQ(events_.groups(), 3U);
}

TEST_F(ReducerTest, NamesTheKeyThatKillsEveryChild) {
  attempts_ = 3;
  auto result = python("import os\ndef reduce(k, v):\n    if k == 'b': os._exit(3)\n", {{"a", {"1"}}, {"b", {"2"}}});
  EXPECT_THAT(details_of(result), AllOf(HasSubstr("at the key 'b'"), HasSubstr("started it 3 times")));
  EXPECT_EQ(events_.of<event::ChildDied>().size(), 3U);
}

TEST_F(ReducerTest, DoesNotTryAgainWhatFailsInTheSameWay) {
  attempts_ = 3;
  EXPECT_THAT(details_of(python("import no_such_module\n", {{"a", {"1"}}})), HasSubstr("another child would fail"));
  EXPECT_EQ(events_.of<event::ChildDied>().size(), 1U);
}

TEST_F(ReducerTest, StartsAProgramAgainThatHasGivenNothing) {
  attempts_ = 2;
  const std::string dies =
      "if [ ! -e $QUERN_JOB_FOLDER/died ]; then touch $QUERN_JOB_FOLDER/died; read line; kill -9 $$; fi\n";
  ASSERT_TRUE(shell_lines(dies + "cat", {{"a", {"1"}}, {"b", {"2"}}}).ok());
  EXPECT_EQ(sink_.text, "a 1\nb 2\n");
  EXPECT_EQ(events_.groups(), 2U);
  EXPECT_EQ(events_.values(), 2U);
}

// The first two children die after most of their output, the second before it has got as far as the first.
TEST_F(ReducerTest, GivesAProgramThatHasGivenMuchEverythingAgain) {
  attempts_ = 3;
  const std::string dies =
      "cd $QUERN_JOB_FOLDER\n"
      "if [ ! -e one ]; then touch one; head -n 300000; printf 'half of a li'; kill -9 $$; fi\n"
      "if [ ! -e two ]; then touch two; head -n 100000; kill -9 $$; fi\n";
  auto result = shell_lines(dies + "cat", large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_EQ(sink_.added.size(), 400'002U);
  EXPECT_EQ(sink_.added.front().second, "a 1\n");
  EXPECT_EQ(sink_.added.back().second, "c 3\n");
  EXPECT_EQ(events_.groups(), 3U);
  EXPECT_EQ(events_.values(), 400'002U);
  EXPECT_EQ(events_.of<event::ChildDied>().size(), 2U);
}

TEST_F(ReducerTest, EndsTheJobWhereAProgramWritesOtherLinesTheSecondTime) {
  attempts_ = 2;
  for (const std::string second : {"echo a 2; cat", "echo a; cat", "exit 0"}) {
    const std::string dies = "cd $QUERN_JOB_FOLDER; if [ ! -e died ]; then touch died; cat; kill -9 $$; fi\n";
    EXPECT_THAT(details_of(shell_lines(dies + second, {{"a", {"1"}}, {"b", {"1"}}})),
                HasSubstr("did not write the same lines as the one before"))
        << second;
    fs::remove(root_ + "/job/died");
  }
}

TEST_F(ReducerTest, EndsAChildThatHangs) {
  timeout_ = std::chrono::milliseconds(2000);
  auto result = python("import threading\ndef reduce(k, v): threading.Event().wait()\n", {{"a", {"1"}}});
  EXPECT_THAT(details_of(result), AllOf(HasSubstr("no answer for 2 s"), HasSubstr("limits.timeout")));
}

TEST_F(ReducerTest, StopsWhenAsked) {
  stop_.request_stop();
  for (Interface interface : {Interface::kFunction, Interface::kLines, Interface::kFiles}) {
    auto result =
        reduce(interface, Language::kPython, "import sys\nsys.stdin.read()\ndef reduce(k, v): pass\n", {{"a", {"1"}}});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, ErrorKind::kStopped) << result.error().message;
  }
}

TEST_F(ReducerTest, RefusesAScriptThatIsNotThere) {
  module_.language = Language::kPython;
  module_.script = "none.py";
  for (Interface interface : {Interface::kFunction, Interface::kLines, Interface::kFiles}) {
    module_.interface = interface;
    auto result = run({});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, ErrorKind::kBadConfig);
  }
}

TEST_F(ReducerTest, FeedsSortedLinesAndTakesLines) {
  separator_ = "\t";
  auto result = shell_lines("cat; printf 'last\\t9'", {{"a", {"1", "2 3"}}, {"b", {""}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added,
              ElementsAre(Pair("a", "a\t1\n"), Pair("a", "a\t2 3\n"), Pair("b", "b\t\n"), Pair("last", "last\t9\n")));
  EXPECT_EQ(events_.groups(), 2U);
  EXPECT_EQ(events_.values(), 3U);
}

TEST_F(ReducerTest, FeedsMoreLinesThanThePipesHold) {
  auto result = shell_lines("cat", large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_EQ(sink_.added.size(), 400'002U);
  EXPECT_EQ(sink_.added.back().second, "c 3\n");
}

TEST_F(ReducerTest, StartsAProgramOnPathWithItsArguments) {
  module_ = {.language = Language::kBinary,
             .script = "awk",
             .arguments = {"{s += $2} END {print \"sum\", s}"},
             .interface = Interface::kLines};
  auto result = run({{"a", {"1", "2"}}, {"b", {"3"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("sum", "sum 6\n")));
}

TEST_F(ReducerTest, UnderstandsReporterLines) {
  auto result = shell_lines("cat; echo reporter:counter:g,n,5 >&2; echo reporter:status:fine >&2; echo hello >&2",
                            {{"a", {"1"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  ASSERT_EQ(events_.of<event::Counted>().size(), 1U);
  EXPECT_EQ(events_.of<event::Counted>()[0].amount, 5);
  ASSERT_EQ(events_.of<event::Status>().size(), 1U);
  EXPECT_EQ(events_.of<event::Status>()[0].text, "fine");
  EXPECT_THAT(events_.lines(), ElementsAre("hello"));
}

TEST_F(ReducerTest, TakesTheResultOfAProgramThatLeavesEarlyWithANote) {
  auto result = shell_lines("head -n 1", large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n")));
  EXPECT_THAT(events_.notes(), ElementsAre(HasSubstr("before it had read all of its input")));
}

TEST_F(ReducerTest, JudgesAProgramByItsExitStatus) {
  EXPECT_THAT(details_of(shell_lines("cat; echo oh no >&2; exit 7", {{"a", {"1"}}})),
              AllOf(HasSubstr("exit status 7"), HasSubstr("oh no"), HasSubstr("ok_exit")));
  EXPECT_THAT(details_of(shell_lines("kill -9 $$", large_groups())), HasSubstr("signal 9"));
  module_.ok_exit = {0, 7};
  EXPECT_TRUE(shell_lines("cat; exit 7", {{"a", {"1"}}}).ok());
}

TEST_F(ReducerTest, EndsAProgramThatHangs) {
  timeout_ = std::chrono::milliseconds(50);
  EXPECT_THAT(details_of(shell_lines("exec sleep 1000", {{"a", {"1"}}})), HasSubstr("limits.timeout"));
}

TEST_F(ReducerTest, NamesAFileAndTakesResultTxt) {
  auto result = shell_files("read name; read more && exit 1; cp \"$name\" result.txt; echo printed",
                            {{"a", {"1", "2"}}, {"b", {"3"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_THAT(sink_.added, ElementsAre(Pair("a", "a 1\n"), Pair("a", "a 2\n"), Pair("b", "b 3\n")));
  EXPECT_TRUE(fs::exists(root_ + "/child/mapperOutput/local/result.txt"));
  EXPECT_THAT(events_.notes(), ElementsAre(HasSubstr("are not used")));
  EXPECT_EQ(events_.groups(), 2U);
}

TEST_F(ReducerTest, TakesTheStandardOutputOfAFilesReducerWithoutResultTxt) {
  auto result = shell_files("read name; cat \"$name\"", large_groups());
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_EQ(sink_.added.size(), 400'002U);
}

TEST_F(ReducerTest, DoesNotTakeTheJobsOwnResultForTheReducers) {
  write("result.txt", "old 1\n");
  auto result = shell_files("read name; echo new 2", {{"a", {"1"}}});
  ASSERT_TRUE(result.ok()) << result.error().details;
  EXPECT_EQ(sink_.text, "new 2\n");
}

TEST_F(ReducerTest, FailsWithAFilesReducerThatFails) {
  EXPECT_THAT(details_of(shell_files("exit 9", {{"a", {"1"}}})), HasSubstr("exit status 9"));
}

}  // namespace
}  // namespace quern::reducer

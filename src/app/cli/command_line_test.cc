#include "app/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/cli/command_line_table.h"
#include "app/cli/completion.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

using Command = CommandLine::Command;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<CommandLine> parse(const std::vector<const char*>& words) {
  std::vector<const char*> arguments = {"quern"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return parse_command_line(arguments);
}

CommandLine parsed(const std::vector<const char*>& words) {
  auto line = parse(words);
  EXPECT_TRUE(line.ok()) << (line.ok() ? "" : line.error().message);
  return line.ok() ? line.value() : CommandLine();
}

TEST(CommandLine, TakesEveryOptionOfRun) {
  CommandLine line =
      parsed({"run",         "job/",       "-i",    "a.gz", "--input", "-",         "--input=b.gz", "--set",
              "record=text", "--manifest", "m.txt", "-o",   "-",       "--scratch", "/tmp",         "-p",
              "3",           "--memory",   "1 GiB", "-q",   "--json",  "-v",        "--log",        "l"});
  EXPECT_EQ(line.command, Command::kRun);
  EXPECT_EQ(line.job, "job/");
  EXPECT_THAT(line.inputs, ElementsAre("a.gz", "-", "b.gz"));
  EXPECT_THAT(line.settings, ElementsAre("record=text", "output=-", "limits.processes=3", "limits.memory=1 GiB"));
  EXPECT_EQ(line.manifest, "m.txt");
  EXPECT_EQ(line.scratch, "/tmp");
  EXPECT_EQ(line.log, "l");
  EXPECT_TRUE(line.quiet && line.json && line.verbose);
}

TEST(CommandLine, LeavesOutWhatIsNotGiven) {
  CommandLine line = parsed({"run"});
  EXPECT_FALSE(line.job.has_value());
  EXPECT_FALSE(line.manifest.has_value());
  EXPECT_TRUE(line.inputs.empty() && line.settings.empty() && line.scratch.empty() && line.log.empty());
  EXPECT_FALSE(line.quiet || line.json || line.verbose);
}

TEST(CommandLine, TakesNamesThatTheShellHasExpandedAfterTheJob) {
  EXPECT_THAT(parsed({"run", "job", "-i", "a", "b", "c"}).inputs, ElementsAre("a", "b", "c"));
  EXPECT_THAT(parsed({"run", "job", "-ia", "-i", "b"}).inputs, ElementsAre("a", "b"));
  CommandLine after = parsed({"run", "-i", "a", "job"});
  EXPECT_EQ(after.job, "job");
  EXPECT_THAT(after.inputs, ElementsAre("a"));
  EXPECT_EQ(parsed({"run", "--", "-odd-job"}).job, "-odd-job");
}

TEST(CommandLine, KeepsOddPathsWholeOnTheirWayThroughTheSettings) {
  for (const char* path :
       {"a b.txt", "no", "[x].txt", "a: b #c", "\"quoted\"", "'quoted'", "\"a\\b\"", "\"", "*", "~", "1e3", " "}) {
    CommandLine line = parsed({"run", "-o", path});
    auto job =
        parse_job({.path = "j", .folder = "/", .text = "language: python\nscript: a.py\n", .settings = line.settings});
    ASSERT_TRUE(job.ok()) << path << ": " << job.error().message;
    EXPECT_EQ(job.value().job.output, path);
  }
}

TEST(CommandLine, LetsTheLastOfSeveralWin) {
  CommandLine line = parsed({"run", "-o", "a", "--set", "output=b", "-o", "c", "-q", "-q"});
  EXPECT_THAT(line.settings, ElementsAre("output=b", "output=c"));
  EXPECT_TRUE(line.quiet);
}

TEST(CommandLine, KnowsTheOtherCommands) {
  CommandLine check = parsed({"check", "j.yml", "--set", "a=b=c", "--set=d=e"});
  EXPECT_EQ(check.command, Command::kCheck);
  EXPECT_EQ(check.job, "j.yml");
  EXPECT_THAT(check.settings, ElementsAre("a=b=c", "d=e"));
  EXPECT_EQ(parsed({"guard", "m-1"}).guard_marker, "m-1");
  EXPECT_EQ(parsed({"guard", "m-1"}).command, Command::kGuard);
  for (const auto& words : {std::vector{"version"}, {"--version"}, {"-V"}}) {
    EXPECT_EQ(parsed(words).command, Command::kVersion);
    EXPECT_EQ(parsed(words).text, "quern " + std::string(kQuernVersion) + "\n");
  }
}

TEST(CommandLine, IsShownWithoutSecrets) {
  EXPECT_THAT(parsed({"run", "-p", "2"}).words, ElementsAre("quern", "run", "-p", "2"));
  const std::vector<std::string> words = {"quern",
                                          "run",
                                          "https://user:word@host/a",
                                          "--set",
                                          "mapper.env.TOKEN=s3cret",
                                          "--set=reducer={script: r.py, env: {TOKEN: s3cret}}",
                                          "--set",
                                          "mapper.environment=x",
                                          "--set=mapper={\"script\":\"m.py\",\"env\":{\"T\":\"s3cret\"}}",
                                          "https://host/f?Signature=s3cret&env=prod",
                                          "https://user:word@host/env.gz"};
  const std::vector<std::string> shown = shown_words(words);
  EXPECT_THAT(std::vector(shown.begin(), shown.begin() + 8),
              ElementsAre("quern", "run", "https://…@host/a", "--set", "mapper.env.…",
                          "--set=reducer={script: r.py, env:…", "--set", "mapper.environment=x"));
  for (const std::string& word : shown) {
    EXPECT_THAT(word, testing::Not(HasSubstr("s3cret")));
    EXPECT_THAT(word, testing::Not(HasSubstr("word@")));
  }
}

TEST(CommandLine, KnowsWhatIsDoneWithCredentials) {
  CommandLine keygen = parsed({"credentials", "keygen", "k.pem", "--json"});
  EXPECT_EQ(keygen.command, Command::kKeygen);
  EXPECT_EQ(keygen.credentials.value, "k.pem");
  EXPECT_TRUE(keygen.json);
  CommandLine seal = parsed({"credentials", "seal", "--to", "k.pub.pem", "--profile", "p", "--expires", "1h"});
  EXPECT_EQ(seal.command, Command::kSeal);
  EXPECT_EQ(seal.credentials.to, "k.pub.pem");
  EXPECT_EQ(seal.credentials.profile, "p");
  EXPECT_EQ(seal.credentials.expires, "1h");
  EXPECT_FALSE(seal.credentials.value.has_value());
  EXPECT_EQ(parsed({"credentials", "seal", "-"}).credentials.value, "-");
  CommandLine open = parsed({"credentials", "open", "--key", "k.pem", "--reveal", "eyJ="});
  EXPECT_EQ(open.command, Command::kOpen);
  EXPECT_EQ(open.key, "k.pem");
  EXPECT_EQ(open.credentials.value, "eyJ=");
  EXPECT_TRUE(open.credentials.reveal);
  EXPECT_FALSE(parsed({"credentials", "open"}).credentials.reveal);
  CommandLine federate = parsed({"credentials", "federate", "job", "--duration", "6h", "-i", "s3://b/p", "--to", "k"});
  EXPECT_EQ(federate.command, Command::kFederate);
  EXPECT_EQ(federate.job, "job");
  EXPECT_EQ(federate.credentials.duration, "6h");
  EXPECT_EQ(federate.credentials.session, "quern");
  EXPECT_THAT(federate.inputs, ElementsAre("s3://b/p"));
}

TEST(CommandLine, KnowsWhatToPlan) {
  CommandLine line =
      parsed({"plan", "myjob", "-i", "s3://b/a", "s3://b/b", "--group", "G", "--now", "T", "--set", "a=b"});
  EXPECT_EQ(line.command, Command::kPlan);
  EXPECT_EQ(line.job, "myjob");
  EXPECT_THAT(line.inputs, ElementsAre("s3://b/a", "s3://b/b"));
  EXPECT_THAT(line.settings, ElementsAre("a=b"));
  EXPECT_EQ(line.tasks.group, "G");
  EXPECT_EQ(line.tasks.now, "T");
  EXPECT_FALSE(parsed({"plan"}).tasks.group.has_value());
}

TEST(CommandLine, KnowsWhatToSubmit) {
  CommandLine line = parsed({"submit", "myjob", "-i", "s3://b/a", "-o", "x.txt", "--group", "G", "--no-watch", "--poll",
                             "1m", "--set", "a=b", "-q"});
  EXPECT_EQ(line.command, Command::kSubmit);
  EXPECT_EQ(line.job, "myjob");
  EXPECT_THAT(line.inputs, ElementsAre("s3://b/a"));
  EXPECT_EQ(line.tasks.output, "x.txt");
  EXPECT_THAT(line.settings, ElementsAre("a=b")) << "tasks do not write to where the result is fetched to";
  EXPECT_EQ(line.tasks.group, "G");
  EXPECT_EQ(line.tasks.poll, std::chrono::minutes(1));
  EXPECT_TRUE(line.tasks.no_watch && line.quiet);
  EXPECT_FALSE(line.tasks.no_fetch);
}

TEST(CommandLine, KnowsWhichTaskGroupIsMeant) {
  EXPECT_EQ(parsed({"watch", "G"}).command, Command::kWatch);
  EXPECT_EQ(parsed({"cancel", "G"}).command, Command::kCancel);
  EXPECT_EQ(parsed({"retry", "job/"}).command, Command::kRetry);
  EXPECT_EQ(parsed({"watch", "G", "--json"}).tasks.target, "G");
  EXPECT_FALSE(parsed({"watch"}).tasks.target.has_value());
  EXPECT_EQ(parsed({"watch"}).tasks.poll, std::chrono::seconds(10));
  EXPECT_EQ(parsed({"watch"}).tasks.retries, 0U);
  EXPECT_EQ(parsed({"watch", "--retry", "2"}).tasks.retries, 2U);
  EXPECT_EQ(parsed({"submit", "--retry", "49"}).tasks.retries, 49U);
  CommandLine line = parsed({"fetch", "-o", "-", "G"});
  EXPECT_EQ(line.command, Command::kFetch);
  EXPECT_EQ(line.tasks.output, "-");
}

TEST(CommandLine, KnowsWhereToBeginAJob) {
  CommandLine line = parsed({"init", "myjob"});
  EXPECT_EQ(line.command, Command::kInit);
  EXPECT_EQ(line.init.folder, "myjob");
  EXPECT_EQ(line.init.language, Language::kPython);
  EXPECT_EQ(parsed({"init", "--language", "binary", "."}).init.language, Language::kBinary);
  EXPECT_EQ(parsed({"init", ".", "--language=javascript"}).init.language, Language::kJavascript);
  EXPECT_THAT(parsed({"init", ".", "--from", "a", "b", "--from", "c"}).inputs, ElementsAre("a", "c", "b"));
}

TEST(CommandLine, AsksTheDoctorAboutAJob) {
  CommandLine line =
      parsed({"doctor", "myjob", "--offline", "-q", "--json", "--memory", "1GiB", "--endpoint", "http://x"});
  EXPECT_EQ(line.command, Command::kDoctor);
  EXPECT_EQ(line.job, "myjob");
  EXPECT_TRUE(line.is_offline);
  EXPECT_TRUE(line.quiet);
  EXPECT_TRUE(line.json);
  EXPECT_EQ(line.endpoint, "http://x");
  EXPECT_THAT(line.settings, testing::ElementsAre("limits.memory=1GiB"));
  EXPECT_FALSE(parsed({"doctor"}).job.has_value());
  line = parsed({"doctor", "myjob", "-i", "a", "b", "--manifest", "names"});
  EXPECT_THAT(line.inputs, testing::ElementsAre("a", "b"));
  EXPECT_EQ(line.manifest, "names");
}

TEST(CommandLine, LooksAtInputs) {
  const CommandLine line =
      parsed({"look", "a", "b*", "--records", "5", "--json", "--bucket", "B", "--no-sign-request"});
  EXPECT_EQ(line.command, CommandLine::Command::kLook);
  EXPECT_THAT(line.inputs, ElementsAre("a", "b*"));
  EXPECT_EQ(line.look.records, 5U);
  EXPECT_TRUE(line.json);
  EXPECT_TRUE(line.no_sign_request);
  EXPECT_EQ(line.bucket, "B");
  EXPECT_EQ(parsed({"look", "--manifest", "m"}).manifest, "m");
}

TEST(CommandLine, ExplainsWhatIsWrong) {
  struct Row {
    std::vector<const char*> words;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{"submit", "--retry", "1", "--no-watch"},
       "submit: --retry is for a watch, and --no-watch leaves it out; give it to quern watch"},
      {{"run", "--memry", "1GiB"},
       "run: --memry is not an option; did you mean --memory? (quern run --help lists them)"},
      {{"run", "--memry=1GiB"}, "run: --memry is not an option; did you mean --memory? (quern run --help lists them)"},
      {{"run", "--p90", "x"}, "run: --p90 is not an option; say --set 'aggregate.p90=p90 PATH'"},
      {{"try", "--p99.9=x"}, "try: --p99.9 is not an option; say --set 'aggregate.p99.9=p99.9 PATH'"},
      {{"check", "--stddev", "x"}, "check: --stddev is not an option; say --set 'aggregate.stddev=stddev PATH'"},
      {{"run", "--top", "x"}, "run: --top is not an option; say --set 'aggregate.top=top:10 PATH'"},
      {{"run", "--last", "x"}, "run: --last is not an option; say --set 'aggregate.last=last PATH'"},
      {{"map", "--list", "x"}, "map: --list is not an option (quern map --help lists them)"},
      {{"run", "-i", "a", "--order", "count", "desc"}, "run: quote the column and the direction: --order 'count desc'"},
      {{"run", "--order=n", "asc", "-q"}, "run: quote the column and the direction: --order 'n asc'"},
      {{"run", "-x"}, "run: -x is not an option (quern run --help lists them)"},
      {{"check", "-i", "a"}, "check: -i and --stdin-records are for a job without a file, as in -i 'e/*' --count"},
      {{"run", "job", "--memory"}, "run: --memory needs a value, as in --memory SIZE"},
      {{"run", "job", "-o", "--quiet"}, "run: --output needs a value, and --quiet is an option"},
      {{"run", "a", "b"}, "run: there is one job, and both a and b are named; inputs follow -i, after the job"},
      {{"run", "-i", "a", "b", "c"},
       "run: there is one job, and both b and c are named; inputs follow -i, after the job"},
      {{"check", "a", "b"}, "check: there is one job, and both a and b are named"},
      {{"rnu"}, "rnu is not a command; did you mean run? (quern --help lists them)"},
      {{"examples/os-count"},
       "examples/os-count is not a command; to run the job of that name: quern run examples/os-count"},
      {{"frobnicate"},
       "frobnicate is not a command; they are run, try, map, reduce, plan, submit, watch, fetch, cancel, retry, init, "
       "look, check, doctor, "
       "credentials, help, version or completion (quern --help says more)"},
      {{"watch", "a", "b"}, "watch: takes one task group or job, and a and b are two"},
      {{"retry", "--poll", "soon"}, "retry: --poll is 'soon'; it must be a time from 10ms to 1h, such as 10s"},
      {{"watch", "--retry", "-1"}, "watch: --retry is '-1'; it must be a number from 0 to 49"},
      {{"submit", "--retry", "50"}, "submit: --retry is '50'; it must be a number from 0 to 49"},
      {{"submit", "--poll", "2h"}, "submit: --poll is '2h'; it must be a time from 10ms to 1h, such as 10s"},
      {{""},
       "'' is not a command; they are run, try, map, reduce, plan, submit, watch, fetch, cancel, retry, init, "
       "look, check, doctor, credentials, help, version or completion (quern --help says more)"},
      {{"help", "chekc"}, "chekc is not a command; did you mean check? (quern --help lists them)"},
      {{"-q", "run"}, "-q comes before the command; write quern COMMAND -q (quern --help lists the commands)"},
      {{"credentials"},
       "credentials: say what to do: keygen, seal, open or federate (quern credentials --help says more)"},
      {{"credentials", "sael"},
       "credentials: sael is not a command; did you mean seal? (quern credentials --help says more)"},
      {{"credentials", "x"},
       "credentials: x is not a command; there are keygen, seal, open or federate (quern credentials --help says "
       "more)"},
      {{"credentials", "keygen", "a", "b"}, "credentials keygen: takes one file, and a and b are two"},
      {{"credentials", "open", "a", "b"}, "credentials open: takes one value, and a and b are two"},
      {{"credentials", "open", "--revael"},
       "credentials open: --revael is not an option; did you mean --reveal? (quern credentials open --help lists "
       "them)"},
      {{"credentials", "seal", "AKIA"},
       "credentials seal: takes only -, for JSON on standard input; credentials on the command line are seen by "
       "everybody on this machine"},
      {{"credentials", "seal", "--profile", "p", "-"}, "credentials seal: --profile and - name two sources; name one"},
      {{"completion"}, "completion: name the shell: bash, zsh or fish, as in: quern completion bash"},
      {{"completion", "tcsh"}, "completion: name the shell: bash, zsh or fish, as in: quern completion bash"},
      {{"guard"}, "guard: this command is for quern itself, and takes one marker"},
      {{"init"}, "init: name the folder for the job, as in: quern init myjob"},
      {{"init", ""}, "init: name the folder for the job, as in: quern init myjob"},
      {{"init", "a", "b"}, "init: takes one folder, and a and b are two"},
      {{"init", "--from", "a", "b", "c"}, "init: takes one folder, and b and c are two"},
      {{"look"}, "look: name the inputs, as in: quern look 'data/*.json.gz'"},
      {{"look", "a", "--records", "-1"}, "look: --records is '-1'; it must be a number from 1 on"},
      {{"look", "a", "--records", "9x"}, "look: --records is '9x'; it must be a number from 1 on"},
      {{"init", "a", "--language", "pyton"},
       "init: --language is 'pyton'; it must be python, javascript or binary; did you mean python?"},
      {{"init", "a", "--language", "cobol"}, "init: --language is 'cobol'; it must be python, javascript or binary"},
      {{"version", "x"}, "version: takes no arguments"},
  };
  for (const Row& row : rows) {
    auto line = parse(row.words);
    ASSERT_FALSE(line.ok()) << row.message;
    EXPECT_EQ(line.error().message, row.message);
    EXPECT_EQ(line.error().kind, ErrorKind::kBadConfig);
  }
}

// Splits "credentials seal" into the two words that a user types, and adds `last`.
std::vector<std::string> typed(const CommandRow& command, const char* last) {
  std::vector<std::string> words;
  std::istringstream name{std::string(command.name)};
  for (std::string word; name >> word;) words.push_back(word);
  words.emplace_back(last);
  return words;
}

std::string help_of(const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  return parsed(pointers).text;
}

TEST(Help, ListsEveryCommandForPeopleAndEveryOption) {
  const std::string general = parsed({"--help"}).text;
  for (const CommandRow& command : command_rows()) {
    if (is_within_another(command)) {
      EXPECT_THAT(help_of({"help", "credentials"}), HasSubstr("\n  " + typed(command, "").at(1) + " "));
    } else if (!command.group.empty()) {
      EXPECT_THAT(general, HasSubstr("\n  " + std::string(command.name) + " "));
    }
    const std::string help = help_of(typed(command, "-h"));
    std::vector<std::string> asked = typed(command, "");
    asked.pop_back();
    asked.insert(asked.begin(), "help");
    EXPECT_EQ(help, help_of(asked));
    for (const OptionRow& option : command.options) EXPECT_THAT(help, HasSubstr(option.long_name));
  }
  EXPECT_THAT(general, Not(HasSubstr("guard")));
  EXPECT_THAT(parsed({"help", "run"}).text, HasSubstr("Exit status:"));
}

TEST(Help, FitsIntoATerminal) {
  for (const CommandRow& command : command_rows()) {
    std::istringstream lines(general_help() + command_help(command));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(Help, IsAnErrorOnlyWhenNobodyAskedForIt) {
  CommandLine line = parsed({});
  EXPECT_EQ(line.command, Command::kHelp);
  EXPECT_EQ(line.exit_status, 2);
  EXPECT_EQ(line.text, parsed({"help"}).text);
  EXPECT_EQ(parsed({"help"}).exit_status, 0);
  EXPECT_EQ(parsed({"run", "--memry", "--help"}).command, Command::kHelp);
}

TEST(Version, IsThatOfTheBuild) {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  std::ifstream file(std::string(source) + "/CMakeLists.txt");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("project(quern VERSION " + std::string(kQuernVersion)));
}

std::string manual_path() {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  return source == nullptr ? "" : std::string(source) + "/docs/quern.1";
}

// The text of the manual as a reader sees it, without its formatter's marks.
std::string manual_text() {
  std::ifstream file(manual_path());
  std::stringstream text;
  text << file.rdbuf();
  std::string plain;
  for (char letter : text.str()) {
    if (letter != '\\' && letter != '"') plain += letter;
  }
  return plain;
}

TEST(Manual, NamesEveryCommandAndOption) {
  if (manual_path().empty()) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  const std::string manual = manual_text();
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty()) continue;
    EXPECT_THAT(manual, HasSubstr("\n.B " + std::string(command.name)));
    for (const OptionRow& option : command.options) EXPECT_THAT(manual, HasSubstr(option.long_name));
  }
  for (const char* status : {"\n.B 0\n", "\n.B 1\n", "\n.B 2\n", "\n.B 3\n", "128+ n"})
    EXPECT_THAT(manual, HasSubstr(status));
  EXPECT_THAT(manual, HasSubstr("quern " + std::string(kQuernVersion)));
}

TEST(Manual, IsFormattedWithoutAWarning) {
  if (manual_path().empty()) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  if (std::system("command -v groff >/dev/null") != 0) GTEST_SKIP() << "groff is not installed";
  std::string command = "test -z \"$(groff -man -Tutf8 -ww -z '" + manual_path() + "' 2>&1)\"";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(Completion, NamesEveryCommandOptionAndSetting) {
  const std::string script = parsed({"completion", "bash"}).text;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty()) continue;
    std::string name(command.name);
    std::replace(name.begin(), name.end(), ' ', '-');
    EXPECT_THAT(script, HasSubstr("\n    " + name + ") options="));
    for (const OptionRow& option : command.options) EXPECT_THAT(script, HasSubstr(option.long_name));
  }
  for (const std::string& name : setting_names()) EXPECT_THAT(script, HasSubstr(name));
}

// What the script suggests after these words, the last of which is being typed; "" if there is no bash.
std::string offered(const std::filesystem::path& folder, const std::string& words, int index) {
  std::ofstream(folder / "completion.bash") << bash_completion();
  std::ofstream(folder / "ask.bash") << "cd " << folder << "\nsource completion.bash\nCOMP_WORDS=(" << words
                                     << ")\nCOMP_CWORD=" << index
                                     << "\n_quern 2>&1\nIFS='|'\necho \"${COMPREPLY[*]}\"\n";
  std::string command = "bash '" + (folder / "ask.bash").string() + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer{};
  std::string text(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), pipe));
  ::pclose(pipe);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST(Completion, OffersWhatFits) {
  if (std::system("command -v bash >/dev/null") != 0) GTEST_SKIP() << "there is no bash";
  std::string pattern = (std::filesystem::temp_directory_path() / "quern-completion-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path folder = pattern;
  std::ofstream(folder / "data one.gz") << "x";
  std::filesystem::create_directory(folder / "dir");
  EXPECT_EQ(offered(folder, "quern ru", 1), "run");
  EXPECT_EQ(offered(folder, "quern run --mem", 2), "--memory");
  EXPECT_EQ(offered(folder, "quern check --se", 2), "--set");
  EXPECT_EQ(offered(folder, "quern run --set limits.m", 3), "limits.memory=");
  EXPECT_EQ(offered(folder, "quern run -i da", 3), "data one.gz");
  EXPECT_EQ(offered(folder, "quern run --scratch d", 3), "dir");
  EXPECT_EQ(offered(folder, "quern run --memory ''", 3), "");
  EXPECT_EQ(offered(folder, "quern run da", 2), "data one.gz");
  EXPECT_EQ(offered(folder, "quern init d", 2), "dir");
  EXPECT_EQ(offered(folder, "quern init x --language j", 4), "javascript");
  EXPECT_EQ(offered(folder, "quern completion ''", 2), "bash|zsh|fish");
  EXPECT_EQ(offered(folder, "quern help ch", 2), "check");
  EXPECT_EQ(offered(folder, "quern credentials se", 2), "seal");
  EXPECT_EQ(offered(folder, "quern credentials open --rev", 3), "--reveal");
  EXPECT_EQ(offered(folder, "quern credentials seal --to da", 4), "data one.gz");
  for (const char* command : {"map", "reduce", "plan", "submit", "watch", "fetch", "cancel", "retry", "doctor", "check",
                              "credentials keygen"}) {
    std::string words = std::string("quern ") + command + " da";
    EXPECT_EQ(offered(folder, words, static_cast<int>(std::count(words.begin(), words.end(), ' '))), "data one.gz")
        << command;
  }
  EXPECT_EQ(offered(folder, "quern run --set record = k", 5), "keyed-json");
  EXPECT_EQ(offered(folder, "quern run --set record =", 4),
            "keyed-json|json|text|json-document|csv|tsv|combined|common");
  EXPECT_EQ(offered(folder, "quern run --set downloads.keep = y", 5), "yes");
  EXPECT_EQ(offered(folder, "quern run --set mapper.language =", 4), "python|javascript|binary");
  EXPECT_EQ(offered(folder, "quern run --set mapper.builtin =", 4), "pairs");
  EXPECT_EQ(offered(folder, "quern run --set combiner.builtin = m", 5), "min|max");
  EXPECT_EQ(offered(folder, "quern run --set reducer.builtin = m", 5), "mean|min|max");
  EXPECT_EQ(offered(folder, "quern run --set reducer.interface = l", 5), "lines");
  EXPECT_EQ(offered(folder, "quern run --set output = da", 5), "data one.gz");
  EXPECT_EQ(offered(folder, "quern run --output = da", 4), "data one.gz");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace quern::app

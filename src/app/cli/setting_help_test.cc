#include "app/cli/setting_help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>

#include "app/cli/command_line.h"
#include "app/cli/command_line_table.h"
#include "job_file/job_file.h"
#include "job_file/job_file_settings.h"
#include "model/aggregate.h"

namespace quern::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string help_for(const char* topic) {
  const std::array<const char*, 3> words = {"quern", "help", topic};
  auto line = parse_command_line(words);
  return line.ok() ? line.value().text : line.error().message;
}

TEST(SettingHelp, SaysWhatThePageSays) {
  const std::string help = help_for("limits.memory");
  EXPECT_THAT(help, StartsWith("limits.memory: how much of the job's data quern itself keeps in memory; the rest"));
  EXPECT_THAT(help, HasSubstr("\n  Values:       a size from 16MiB\n"
                              "  Default:      1GiB\n"
                              "  Job file:     limits.memory: 4GiB\n"
                              "  Command line: --set limits.memory=4GiB\n"
                              "  Environment:  QUERN_LIMITS_MEMORY=4GiB\n"));
}

TEST(SettingHelp, QuotesTheExampleForTheShell) {
  EXPECT_THAT(help_for("fields"), HasSubstr("--set 'fields=[info.OS, info.version]'\n"));
  EXPECT_THAT(help_for("fields"), HasSubstr("QUERN_FIELDS='[info.OS, info.version]'\n"));
}

TEST(SettingHelp, KnowsEverySetting) {
  for (const std::string& name : setting_names()) {
    const std::string help = help_for(name.c_str());
    EXPECT_THAT(help, StartsWith(name + ": "));
    // The page has the words of the program.
    const std::string values =
        help.substr(help.find("\n  Values:"), help.find("\n  Default:") - help.find("\n  Values:"));
    for (const std::string& word : setting_words(name)) EXPECT_THAT(values, HasSubstr(word)) << name;
    // What belongs to another worker has no example.
    const bool is_unused = help.find("only") != std::string::npos && !name.starts_with("mapper.");
    if (!is_unused) {
      EXPECT_THAT(help, HasSubstr("\n  Job file:     " + name + ": ")) << name;
    }
  }
}

TEST(SettingHelp, HasExamplesThatWork) {
  for (const std::string& name : setting_names()) {
    // Whole workers, index, typed and sort_values need others, which the examples of the page have.
    const std::string section = name.substr(0, name.find('.'));
    if (section == "mapper" || section == "combiner" || section == "reducer") continue;
    const std::string help = help_for(name.c_str());
    const std::size_t at = help.find("  Job file:     ") + 16;
    const std::string line = help.substr(at, help.find('\n', at) - at);
    const bool needs_script = name == "reducers" || name == "typed" || name == "sort_values";
    const std::string reducer = needs_script ? "reducer: {language: python, script: r.py}\n" : "";
    const std::string others = name == "index" ? "filter: f\n" : name == "notify.via" ? "owner: a@b.example\n" : "";
    std::string mapper = "language: python\nscript: a\n";
    if (name == "group") mapper = "aggregate: {n: count}\n";
    if (name == "aggregate") mapper.clear();
    auto job = parse_job({.path = "j", .folder = "/", .text = mapper + reducer + others + line});
    EXPECT_TRUE(job.ok()) << line << (job.ok() ? "" : job.error().message);
  }
}

TEST(SettingHelp, SpeaksOfTheWorkerThatIsAskedAbout) {
  EXPECT_THAT(help_for("combiner.script"), HasSubstr("  Job file:     combiner.script: combiner.py\n"));
  EXPECT_THAT(help_for("reducer.env"), HasSubstr("--set 'reducer.env={TZ: UTC, HOME: ~}'\n"));
  EXPECT_THAT(help_for("reducer.key"), Not(HasSubstr("Job file:")));
}

TEST(SettingHelp, TakesShortKeysSectionsAndKeysOfMaps) {
  EXPECT_EQ(help_for("script"), help_for("mapper.script"));
  EXPECT_EQ(help_for("where.info.OS"), help_for("where"));
  EXPECT_THAT(help_for("limits"), HasSubstr("\n  limits.timeout               2h\n"));
  EXPECT_THAT(help_for("limits"), Not(HasSubstr("downloads")));
  EXPECT_THAT(help_for("combiner"), HasSubstr("\n  combiner.script              none, required\n"));
}

TEST(SettingHelp, KnowsEveryWordOfASetting) {
  for (const std::string& name : setting_names()) {
    for (const std::string& word : setting_words(name)) {
      const std::string help = help_for(word.c_str());
      const bool is_other = job_file::shape_of(word).has_value() || find_command(word) != nullptr;
      if (is_other || word == "yes" || word == "no") continue;
      EXPECT_THAT(help, HasSubstr("\nSettings that take it: ")) << word;
    }
  }
}

TEST(SettingHelp, NamesTheSectionThatSaysMore) {
  for (const char* setting : {"record", "order", "format", "output", "mapper.expression"}) {
    const std::string help = std::regex_replace(help_for(setting), std::regex("\\s+"), " ");
    EXPECT_THAT(help, HasSubstr("(see \"")) << setting;
    EXPECT_THAT(help, HasSubstr("\" in docs/job-file.md)")) << setting;
    EXPECT_THAT(help, Not(HasSubstr("below"))) << setting;
  }
}

TEST(SettingHelp, KnowsAggregationsFormatsAndInterfaces) {
  EXPECT_THAT(help_for("p95"), StartsWith("pN: the least number that at least N % of the numbers do not exceed"));
  EXPECT_THAT(help_for("p99.9"), StartsWith("pN: "));
  EXPECT_THAT(help_for("p95"), HasSubstr("\nSettings that take it: reducer.builtin, aggregate. "));
  for (const char* top : {"top", "top:10", "top:N"}) {
    EXPECT_THAT(help_for(top), StartsWith("top:N: a JSON array of the N largest numbers")) << top;
    EXPECT_THAT(help_for(top), HasSubstr("\ntop:N PATH with LABEL: the N largest numbers")) << top;
  }
  EXPECT_THAT(help_for("csv"),
              StartsWith("csv, tsv: an input is a table, with , or TAB between columns; a record is a"));
  EXPECT_THAT(help_for("csv"), HasSubstr("\nSettings that take it: record, format. "));
  EXPECT_THAT(help_for("lines"), StartsWith("lines: the program reads records as lines on standard input"));
  EXPECT_THAT(help_for("zst"), StartsWith("zst is a value of settings.\n\nSettings that take it: decompress. "));
  EXPECT_THAT(help_for("first"), HasSubstr("\nfirst PATH, last PATH: the value of the first or the last record"));
  for (const char* kind : {"aggregations", "formats", "interfaces", "aggregation"}) {
    EXPECT_THAT(help_for(kind), HasSubstr("\nSettings that take it: ")) << kind;
  }
  for (const std::string& name : aggregation_names(AggregatedBy::kColumn)) {
    EXPECT_THAT(help_for("aggregations"), HasSubstr(name == "p95" ? "pN" : name)) << name;
    EXPECT_THAT(help_for(name.c_str()), HasSubstr("aggregate")) << name;
  }
}

TEST(SettingHelp, NamesTheNearestWord) {
  EXPECT_THAT(help_for("agregations"), HasSubstr("did you mean aggregations?"));
  EXPECT_THAT(help_for("distinkt"), HasSubstr("did you mean distinct?"));
  EXPECT_THAT(help_for("combinedd"), HasSubstr("did you mean combined?"));
}

TEST(SettingHelp, FitsIntoATerminal) {
  for (const std::string& name : help_topics()) {
    std::istringstream lines(help_for(name.c_str()));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << line;
      EXPECT_THAT(line, Not(HasSubstr("`")));
      EXPECT_THAT(line, Not(HasSubstr("](")));
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(SettingHelp, NamesWhatIsMeant) {
  EXPECT_THAT(help_for("limits.memmory"), HasSubstr("did you mean limits.memory?"));
  EXPECT_THAT(help_for("memory"), HasSubstr("did you mean limits.memory?"));
  EXPECT_THAT(help_for("recordd"), HasSubstr("did you mean record?"));
  EXPECT_THAT(help_for("frobnicate"), StartsWith("frobnicate is not a command, and frobnicate is not a setting; "));
}

// The manual page that is installed, made of the same page.
std::string job_manual(const std::string& rest) {
  const std::string source = std::getenv("QUERN_SOURCE_DIR");
  const std::string command =
      "awk -v version=1 -f '" + source + "/cmake/job_manual.awk' '" + source + "/docs/job-file.md' " + rest;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  while (std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), size);
  EXPECT_EQ(::pclose(pipe), 0);
  return text;
}

TEST(JobManual, NamesEverySettingAndItsDefault) {
  if (std::getenv("QUERN_SOURCE_DIR") == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  const std::string manual = job_manual("");
  for (const std::string& name : setting_names()) {
    EXPECT_NE(manual.find("\\fB" + name + "\\fR"), std::string::npos) << name;
  }
  EXPECT_THAT(manual, HasSubstr("\\fBlimits.memory\\fR\nValues: a size from 16MiB. Default: \\fB1GiB\\fR.\n.br\n"));
  EXPECT_THAT(manual, Not(HasSubstr("what it takes")));
}

TEST(JobManual, IsFormattedWithoutAWarning) {
  if (std::getenv("QUERN_SOURCE_DIR") == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  if (std::system("command -v groff >/dev/null") != 0) GTEST_SKIP() << "groff is not installed";
  EXPECT_EQ(job_manual("| groff -man -Tutf8 -ww -z 2>&1"), "");
  const std::string shown = job_manual("| groff -man -Tutf8 -rLL=100n | sed 's/\x1b[^m]*m//g'");
  for (const char* mark : {"`", "](", "**:", "\n  | "}) EXPECT_THAT(shown, Not(HasSubstr(mark)));
}

}  // namespace
}  // namespace quern::app

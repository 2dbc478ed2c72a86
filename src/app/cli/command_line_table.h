#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The commands and options of quern, from which the parser, the help and the completion are generated.

namespace quern::app {

enum class Completes { kNothing, kFile, kFolder, kSetting, kLanguage, kFormat, kTopic, kShell };

struct OptionRow {
  std::string_view short_name;  // "-i", or ""
  std::string_view long_name;   // "--input"
  std::string_view value;       // the name of its value in the help: "INPUT"; "" for a switch
  Completes completes = Completes::kNothing;
  std::string_view text;
};

struct CommandRow {
  std::string_view name;     // "run"; "credentials seal" is a command within another
  std::string_view group;    // its heading in the help; "" if the command is not for people
  std::string_view purpose;  // one line
  std::string_view usage;    // after "quern NAME"
  std::string_view text;     // a paragraph or more; wrapped
  std::span<const OptionRow> options;
  std::string_view after;                  // examples, exit statuses
  Completes completes = Completes::kFile;  // the kind of its arguments: most are a job, a folder or a file
};

std::span<const CommandRow> command_rows();
// The names of the commands for people, without those within another.
std::vector<std::string> command_names();
// What `quern help` can be asked about: commands, settings, and words such as aggregations.
std::vector<std::string> help_topics();
// Returns nullptr if there is no such command.
const CommandRow* find_command(std::string_view name);

bool is_within_another(const CommandRow& command);
// Returns the words that may follow a command: "keygen", "seal" and so on for "credentials".
std::vector<std::string> words_after(std::string_view command);

// The output of `quern --help` and of `quern help COMMAND`.
std::string general_help();
std::string command_help(const CommandRow& command);

// Breaks the lines of a help text between words so that each fits into a terminal. Every line except the first is
// indented; the first begins in `first_column`, where the caller has already written so much.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t first_column);

}  // namespace quern::app

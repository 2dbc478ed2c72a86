#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// The commands and options of quern, from which the parser, the help and the completion are made.

namespace quern::app {

enum class Completes { kNothing, kFile, kFolder, kSetting, kLanguage, kCommand, kShell };

struct OptionRow {
  std::string_view short_name;  // "-i", or ""
  std::string_view long_name;   // "--input"
  std::string_view value;       // what it takes, for the help: "INPUT"; "" for a switch
  Completes completes = Completes::kNothing;
  std::string_view text;
};

struct CommandRow {
  std::string_view name;     // "run"; "credentials seal" is a command within another
  std::string_view group;    // the heading of the help under which it stands; "" if it is not for people
  std::string_view purpose;  // one line
  std::string_view usage;    // after "quern NAME"
  std::string_view text;     // a paragraph or more; wrapped
  std::span<const OptionRow> options;
  std::string_view after;                  // examples, exit statuses
  Completes completes = Completes::kFile;  // its arguments: most name a job, a folder or a file
};

std::span<const CommandRow> command_rows();
// Null if there is no such command.
const CommandRow* find_command(std::string_view name);

bool is_within_another(const CommandRow& command);
// "keygen", "seal" and so on, of "credentials".
std::vector<std::string> words_after(std::string_view command);

// What `quern --help` and `quern help COMMAND` print.
std::string general_help();
std::string command_help(const CommandRow& command);

// The script that `quern completion bash` prints.
std::string bash_completion();

}  // namespace quern::app

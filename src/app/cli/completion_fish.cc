#include <fmt/format.h>

#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/completion.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

std::string fish_quoted(std::string_view text) {
  std::string quoted = "'";
  for (char letter : text) {
    if (letter == '\\' || letter == '\'') quoted += '\\';
    quoted += letter;
  }
  return quoted + "'";
}

// The options of `complete` for a value of this kind.
std::string fish_values(Completes what) {
  switch (what) {
    case Completes::kFile:
      return "-r -F";
    case Completes::kFolder:
      return "-x -a '(__fish_complete_directories)'";
    case Completes::kSetting:
      return "-x -a '(__quern_settings)'";
    case Completes::kLanguage:
      return fmt::format("-x -a '{}'", fmt::join(setting_words("mapper.language"), " "));
    case Completes::kFormat:
      return fmt::format("-x -a '{}'", fmt::join(setting_words("format"), " "));
    case Completes::kTopic:
      return fmt::format("-x -a '{}'", fmt::join(help_topics(), " "));
    case Completes::kShell:
      return fmt::format("-x -a '{}'", fmt::join(completion_shells(), " "));
    case Completes::kNothing:
      break;
  }
  return "-x";
}

std::string fish_option(const CommandRow& command, const OptionRow& option) {
  std::string line = fmt::format("complete -c quern -n '__quern_is {}'", command.name);
  if (!option.short_name.empty()) line += fmt::format(" -s {}", option.short_name.substr(1));
  line += fmt::format(" -l {}", option.long_name.substr(2));
  if (!option.value.empty()) line += fmt::format(" {}", fish_values(option.completes));
  return line + fmt::format(" -d {}\n", fish_quoted(option.text));
}

std::string fish_commands() {
  std::string lines;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty()) continue;
    const std::size_t space = command.name.find(' ');
    const bool is_first = space == std::string_view::npos;
    lines += fmt::format("complete -c quern -n '__quern_is{}' -a {} -d {}\n",
                         is_first ? "" : fmt::format(" {}", command.name.substr(0, space)),
                         command.name.substr(is_first ? 0 : space + 1), fish_quoted(command.purpose));
    for (const OptionRow& option : command.options) lines += fish_option(command, option);
    lines += fmt::format("complete -c quern -n '__quern_is {}' {}\n", command.name, fish_values(command.completes));
  }
  return lines;
}

std::string fish_setting_cases() {
  std::string cases;
  for (const std::string& name : setting_names()) {
    const std::vector<std::string> words = setting_words(name);
    if (!words.empty())
      cases += fmt::format("    case {0}\n      printf '{0}=%s\\n' {1}\n", name, fmt::join(words, " "));
  }
  return cases;
}

constexpr std::string_view kFishCompletion =
    R"(# Completes quern's commands, options, settings and their values in fish:
# quern completion fish >~/.config/fish/completions/quern.fish
function __quern_is -d 'whether the words so far are about this command'
  set -l words (commandline -opc)[2..-1]
  set -l command "$words[1]"
  if test "$command" = credentials; and set -q words[2]
    set command "$words[1..2]"
  end
  test "$command" = "$argv"
end
function __quern_settings -d 'KEY= and, after it, its values'
  set -l current (string replace -r '^--set=' '' -- (commandline -ct))
  if not string match -q '*=*' -- $current
    printf '%s=\n' {settings}
    return
  end
  set -l parts (string split -m 1 = -- $current)
  switch $parts[1]
{setting_cases}    case '*'
      for path in (__fish_complete_path "$parts[2]")
        echo "$parts[1]=$path"
      end
  end
end
complete -c quern -f
complete -c quern -n __quern_is -l help -d 'show this help'
complete -c quern -n __quern_is -l version -d 'show the version'
{commands})";

}  // namespace

std::string fish_completion() {
  return fmt::format(kFishCompletion, fmt::arg("settings", fmt::join(setting_names(), " ")),
                     fmt::arg("setting_cases", fish_setting_cases()), fmt::arg("commands", fish_commands()));
}

}  // namespace quern::app

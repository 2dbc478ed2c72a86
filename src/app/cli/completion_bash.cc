#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/completion.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

// "-i --input": a command's options, for the completion.
std::string option_words(std::span<const OptionRow> options) {
  std::string words;
  for (const OptionRow& option : options) {
    if (!option.short_name.empty()) words += fmt::format("{} ", option.short_name);
    words += fmt::format("{} ", option.long_name);
  }
  words.pop_back();
  return words;
}

// "-i|--input|--log": the options that take such a value, each once, as a pattern of `case`.
std::string options_that_take(Completes what) {
  std::set<std::string_view> names;
  for (const CommandRow& command : command_rows()) {
    for (const OptionRow& option : command.options) {
      if (option.completes != what || option.value.empty()) continue;
      if (!option.short_name.empty()) names.insert(option.short_name);
      names.insert(option.long_name);
    }
  }
  return fmt::format("{}", fmt::join(names, "|"));
}

// How the script names a command: "credentials-seal".
std::string script_name(const CommandRow& command) {
  std::string name(command.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string option_cases() {
  std::string cases;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty()) continue;
    cases += fmt::format("    {}) options='{}' ;;\n", script_name(command), option_words(command.options));
  }
  return cases;
}

// "run|map": the commands whose arguments are of this kind.
std::string commands_that_take(Completes what) {
  std::vector<std::string> names;
  for (const CommandRow& command : command_rows()) {
    if (command.completes == what && !command.group.empty()) names.push_back(script_name(command));
  }
  return fmt::format("{}", fmt::join(names, "|"));
}

std::string setting_cases() {
  std::string cases;
  for (const std::string& name : setting_names()) {
    std::vector<std::string> words = setting_words(name);
    if (!words.empty()) cases += fmt::format("      {}) words='{}' ;;\n", name, fmt::join(words, " "));
  }
  return cases;
}

constexpr std::string_view kBashCompletion =
    R"(# Completes quern's commands, options, settings and their values in bash: source <(quern completion bash)
_quern_words() {{ mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }}
_quern_files() {{
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}}
_quern() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} options='' setting='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -le 1 ]; then
    _quern_words '{commands} --help --version'
    return
  fi
  # To bash, "=" is a word of its own: in --set record=json, and in --output=result.txt.
  if [ "$current" = = ]; then
    setting=$previous current=''
  elif [ "$previous" = = ]; then
    setting=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  case $setting in
    -*) previous=$setting ;;
    ?*)
      case $setting in
{setting_cases}      *) _quern_files -f; return ;;
      esac
      _quern_words "$words"
      return ;;
  esac
  case $previous in
    {file_options}) _quern_files -f; return ;;
    {folder_options}) _quern_files -d; return ;;
    {language_options}) _quern_words '{languages}'; return ;;
    {format_options}) _quern_words '{formats}'; return ;;
    {setting_options})
      compopt -o nospace 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -S = -W '{settings}' -- "$current")
      return ;;
    {plain_options}) return ;;
  esac
  local command=${{COMP_WORDS[1]}}
  if [ "$command" = credentials ] && [ "$COMP_CWORD" -gt 2 ]; then command=credentials-${{COMP_WORDS[2]}}; fi
  case $command in
{option_cases}  esac
  if [[ $current == -* ]]; then
    _quern_words "$options"
    return
  fi
  case $command in
    credentials) _quern_words '{credentials}' ;;
    {topic_commands}) _quern_words '{commands} {settings}' ;;
    {shell_commands}) _quern_words '{shells}' ;;
    {folder_commands}) _quern_files -d ;;
    {file_commands}) _quern_files -f ;;
  esac
}}
complete -F _quern quern
)";

}  // namespace

std::string bash_completion() {
  return fmt::format(kBashCompletion, fmt::arg("commands", fmt::join(command_names(), " ")),
                     fmt::arg("credentials", fmt::join(words_after("credentials"), " ")),
                     fmt::arg("file_options", options_that_take(Completes::kFile)),
                     fmt::arg("folder_options", options_that_take(Completes::kFolder)),
                     fmt::arg("language_options", options_that_take(Completes::kLanguage)),
                     fmt::arg("format_options", options_that_take(Completes::kFormat)),
                     fmt::arg("formats", fmt::join(setting_words("format"), " ")),
                     fmt::arg("languages", fmt::join(setting_words("mapper.language"), " ")),
                     fmt::arg("shells", fmt::join(completion_shells(), " ")),
                     fmt::arg("setting_options", options_that_take(Completes::kSetting)),
                     fmt::arg("plain_options", options_that_take(Completes::kNothing)),
                     fmt::arg("settings", fmt::join(setting_names(), " ")), fmt::arg("option_cases", option_cases()),
                     fmt::arg("setting_cases", setting_cases()),
                     fmt::arg("topic_commands", commands_that_take(Completes::kTopic)),
                     fmt::arg("shell_commands", commands_that_take(Completes::kShell)),
                     fmt::arg("folder_commands", commands_that_take(Completes::kFolder)),
                     fmt::arg("file_commands", commands_that_take(Completes::kFile)));
}

}  // namespace quern::app

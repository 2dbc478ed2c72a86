#include <fmt/format.h>

#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/completion.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

// Puts a backslash before each of the letters, and writes ' as '\'' for a text in single quotes.
std::string zsh_escaped(std::string_view text, std::string_view letters) {
  std::string escaped;
  for (char letter : text) {
    if (letter == '\'') {
      escaped += "'\\''";
      continue;
    }
    if (letters.find(letter) != std::string_view::npos) escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

// "'run:map and reduce the inputs'": the entries of an array for _describe.
std::string zsh_entry(std::string_view name, std::string_view text) {
  return fmt::format("'{}:{}'", name, zsh_escaped(text, "\\:"));
}

// What _arguments does for a value of this kind.
std::string zsh_action(Completes what) {
  switch (what) {
    case Completes::kFile:
      return "_files";
    case Completes::kFolder:
      return "_files -/";
    case Completes::kSetting:
      return "_quern_settings";
    case Completes::kLanguage:
      return fmt::format("({})", fmt::join(setting_words("mapper.language"), " "));
    case Completes::kFormat:
      return fmt::format("({})", fmt::join(setting_words("format"), " "));
    case Completes::kTopic:
      return "_quern_topics";
    case Completes::kShell:
      return fmt::format("({})", fmt::join(completion_shells(), " "));
    case Completes::kNothing:
      break;
  }
  // Only shows the name of the value.
  return " ";
}

// The arguments of _arguments for one option: each of its names, any number of times.
std::string zsh_option(const OptionRow& option) {
  const std::string text = zsh_escaped(option.text, "\\[]");
  std::string value;
  if (!option.value.empty()) value = fmt::format(":{}:{}", option.value, zsh_action(option.completes));
  std::string specifications;
  if (!option.short_name.empty()) {
    specifications +=
        fmt::format(" \\\n        '*{}{}[{}]{}'", option.short_name, value.empty() ? "" : "+", text, value);
  }
  return specifications +
         fmt::format(" \\\n        '*{}{}[{}]{}'", option.long_name, value.empty() ? "" : "=", text, value);
}

std::string zsh_command_cases() {
  std::string cases;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty()) continue;
    cases += fmt::format("    '{}')\n", command.name);
    const std::vector<std::string> words = words_after(command.name);
    std::string arguments;
    for (const OptionRow& option : command.options) arguments += zsh_option(option);
    if (!words.empty()) {
      arguments += fmt::format(" \\\n        ':command:({})'", fmt::join(words, " "));
    } else if (command.completes != Completes::kNothing) {
      arguments += fmt::format(" \\\n        '*: :{}'", zsh_action(command.completes));
    }
    cases += fmt::format("      _arguments -s :{} ;;\n", arguments);
  }
  return cases;
}

std::string zsh_commands() {
  std::string entries;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty() || is_within_another(command)) continue;
    entries += fmt::format("    {}\n", zsh_entry(command.name, command.purpose));
  }
  return entries;
}

std::string zsh_setting_cases() {
  std::string cases;
  for (const std::string& name : setting_names()) {
    const std::vector<std::string> words = setting_words(name);
    if (!words.empty()) cases += fmt::format("    {}) compadd -- {} ;;\n", name, fmt::join(words, " "));
  }
  return cases;
}

constexpr std::string_view kZshCompletion =
    R"(#compdef quern
# Completes quern's commands, options, settings and their values in zsh: quern completion zsh >FOLDER/_quern, with a
# FOLDER of $fpath, or after compinit: source <(quern completion zsh)
_quern_commands() {{
  local -a commands=(
{commands}  )
  _describe command commands
}}
_quern_topics() {{
  _quern_commands
  compadd -- {settings}
}}
_quern_settings() {{
  local key=${{PREFIX%%=*}}
  if [[ $PREFIX != *=* ]]; then
    compadd -S = -- {settings}
    return
  fi
  compset -P 1 '*='
  case $key in
{setting_cases}    *) _files ;;
  esac
}}
_quern() {{
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then compadd -- --help --version; else _quern_commands; fi
    return
  fi
  shift words
  (( CURRENT-- ))
  local command=$words[1]
  if [[ $command == credentials ]] && (( CURRENT > 2 )); then
    command+=" $words[2]"
    shift words
    (( CURRENT-- ))
  fi
  case $command in
{command_cases}  esac
}}
# zsh runs the file as the function _quern when it finds it in $fpath; otherwise it is told of the function.
if [[ $funcstack[1] == _quern ]]; then _quern "$@"; else compdef _quern quern; fi
)";

}  // namespace

std::string zsh_completion() {
  return fmt::format(kZshCompletion, fmt::arg("commands", zsh_commands()),
                     fmt::arg("settings", fmt::join(setting_names(), " ")),
                     fmt::arg("setting_cases", zsh_setting_cases()), fmt::arg("command_cases", zsh_command_cases()));
}

}  // namespace quern::app

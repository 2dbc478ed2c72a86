#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/console.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

constexpr std::size_t kWidth = 80;

// Breaks lines between words so that each fits. Every line except the first is indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t first_column) {
  std::string result;
  std::size_t column = first_column;
  while (!text.empty()) {
    std::size_t end = text.find_first_of(" \n");
    std::string_view word = text.substr(0, end);
    bool starts_line = result.empty() || result.back() == ' ';
    if (column + word.size() + (starts_line ? 0 : 1) > kWidth) {
      result.append(1, '\n').append(indent, ' ');
      column = indent;
    } else if (!starts_line) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') {
      result.append(1, '\n').append(indent, ' ');
      column = indent;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string paragraph(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    result += wrapped(text.substr(0, end), 0, 0) + "\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string option_head(const OptionRow& option) {
  std::string head = option.short_name.empty() ? fmt::format("    {}", option.long_name)
                                               : fmt::format("{}, {}", option.short_name, option.long_name);
  if (!option.value.empty()) head += fmt::format(" {}", option.value);
  return head;
}

std::string option_list(std::span<const OptionRow> options) {
  constexpr std::size_t kTextColumn = 26;
  std::string list;
  for (const OptionRow& option : options) {
    list += fmt::format("  {:<{}}", option_head(option), kTextColumn - 2);
    list += wrapped(option.text, kTextColumn, kTextColumn) + "\n";
  }
  return list;
}

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

std::string command_words() {
  std::vector<std::string_view> names;
  for (const CommandRow& command : command_rows()) {
    if (!command.group.empty() && !is_within_another(command)) names.push_back(command.name);
  }
  return fmt::format("{}", fmt::join(names, " "));
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

constexpr std::string_view kCompletion =
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
    {language_options}) _quern_words 'python javascript binary'; return ;;
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
    {command_commands}) _quern_words '{commands}' ;;
    {shell_commands}) _quern_words bash ;;
    {folder_commands}) _quern_files -d ;;
    {file_commands}) _quern_files -f ;;
  esac
}}
complete -F _quern quern
)";

}  // namespace

std::string general_help() {
  std::string text =
      "quern maps and reduces many files, compressed or not, with two small functions\n"
      "in Python or JavaScript, or with any program.\n"
      "\n"
      "Usage: quern COMMAND [...]\n";
  std::string_view group;
  for (const CommandRow& command : command_rows()) {
    if (command.group.empty() || is_within_another(command)) continue;
    if (command.group != group) text += fmt::format("\n{}:\n", command.group);
    group = command.group;
    text += fmt::format("  {:<12}", command.name) + wrapped(command.purpose, 14, 14) + "\n";
  }
  return text +
         "\n"
         "Examples:\n"
         "  quern init myjob                             make a small job to begin with\n"
         "  quern run examples/os-count                  run the job in a folder\n"
         "  quern run myjob -i 'data/**/*.xz' -o os.txt  name other inputs, another result\n"
         "\n"
         "quern help COMMAND says more about a command, man quern about all of them, and\n" +
         docs_folder() + "job-file.md what a job file may say.\n";
}

std::string command_help(const CommandRow& command) {
  std::string text =
      fmt::format("Usage: quern {}{}{}\n\n", command.name, command.usage.empty() ? "" : " ", command.usage);
  text += paragraph(command.text);
  for (const std::string& word : words_after(command.name)) {
    text += word == words_after(command.name).front() ? "\nCommands:\n" : "";
    text += fmt::format("  {:<12}{}\n", word, find_command(fmt::format("{} {}", command.name, word))->purpose);
  }
  text += "\nOptions:\n" + option_list(command.options);
  if (!command.after.empty()) text += fmt::format("\n{}", command.after);
  return text;
}

std::string bash_completion() {
  return fmt::format(kCompletion, fmt::arg("commands", command_words()),
                     fmt::arg("credentials", fmt::join(words_after("credentials"), " ")),
                     fmt::arg("file_options", options_that_take(Completes::kFile)),
                     fmt::arg("folder_options", options_that_take(Completes::kFolder)),
                     fmt::arg("language_options", options_that_take(Completes::kLanguage)),
                     fmt::arg("setting_options", options_that_take(Completes::kSetting)),
                     fmt::arg("plain_options", options_that_take(Completes::kNothing)),
                     fmt::arg("settings", fmt::join(setting_names(), " ")), fmt::arg("option_cases", option_cases()),
                     fmt::arg("setting_cases", setting_cases()),
                     fmt::arg("command_commands", commands_that_take(Completes::kCommand)),
                     fmt::arg("shell_commands", commands_that_take(Completes::kShell)),
                     fmt::arg("folder_commands", commands_that_take(Completes::kFolder)),
                     fmt::arg("file_commands", commands_that_take(Completes::kFile)));
}

}  // namespace quern::app

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/console.h"

namespace quern::app {
namespace {

constexpr std::size_t kWidth = 80;

}  // namespace

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

namespace {

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
         "quern help COMMAND says more about a command, man quern about all of them.\n"
         "quern help SETTING says more about a setting of a job file or a word such as\n"
         "p95, and " +
         docs_folder() + "job-file.md about all of them.\n";
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

}  // namespace quern::app

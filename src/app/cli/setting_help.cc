#include "app/cli/setting_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "app/cli/console.h"
#include "app/cli/wrapped.h"
#include "base/text.h"
#include "job_file/job_file.h"
#include "job_file/job_file_settings.h"

// The page has a table row for each setting, with the cells name, values, default and text, and below a heading the
// line of a job file that is an example of it. A test checks that every setting has both.

namespace quern::app {
namespace {

constexpr std::string_view kExamplesHeading = "\n## Every setting once\n";
constexpr std::size_t kValueColumn = 16;

struct PageRow {
  std::string values;
  std::string initial;
  std::string text;
};

// Returns the target of a link as a reader of the text can follow it: " (modules.md)"; "" if the text of the link names
// it.
std::string shown_target(std::string_view label, std::string_view target) {
  const std::string_view page = target.substr(0, target.find('#'));
  if (page.empty()) return " (docs/job-file.md)";
  return label == page ? "" : fmt::format(" ({})", page);
}

// Removes the marks of Markdown: those of code and links. What is in code stays as it is.
std::string without_marks(std::string_view text) {
  std::string plain;
  bool is_code = false;
  while (!text.empty()) {
    const std::size_t middle = text.find("](");
    const std::size_t end = text.find(')');
    if (!is_code && text[0] == '[' && middle != std::string_view::npos && middle < end &&
        end != std::string_view::npos) {
      const std::string label = without_marks(text.substr(1, middle - 1));
      plain += label + shown_target(label, text.substr(middle + 2, end - middle - 2));
      text.remove_prefix(end + 1);
      continue;
    }
    if (text[0] == '`') {
      is_code = !is_code;
    } else {
      plain += text[0];
    }
    text.remove_prefix(1);
  }
  return plain;
}

std::optional<PageRow> row_of(std::string_view name) {
  const std::string quoted = fmt::format("`{}`", name);
  for (std::string_view line : lines_of(job_file_page())) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (line.remove_prefix(1); !line.empty(); line.remove_prefix(std::min(line.find('|') + 1, line.size()))) {
      cells.emplace_back(trimmed(line.substr(0, line.find('|')), " "));
    }
    if (cells.size() != 4 || cells[0].find(quoted) == std::string::npos) continue;
    return PageRow{
        .values = without_marks(cells[1]), .initial = without_marks(cells[2]), .text = without_marks(cells[3])};
  }
  return std::nullopt;
}

// The value in the example of a setting: "4GiB".
std::optional<std::string> example_of(std::string_view name) {
  const std::string_view page = job_file_page();
  const std::string start = fmt::format("{}: ", name);
  for (std::string_view line : lines_of(page.substr(std::min(page.find(kExamplesHeading), page.size())))) {
    if (line.starts_with(start)) return std::string(line.substr(start.size()));
  }
  return std::nullopt;
}

// The page says what combiner and reducer have in common with mapper only there: "mapper.script" for "reducer.script".
std::string mapper_key_of(std::string_view name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  return job_file::is_worker(name.substr(0, dot)) ? fmt::format("mapper{}", name.substr(dot)) : std::string(name);
}

// Replaces "mapper" by the worker that a setting belongs to: "reducer.py" for "mapper.py".
std::string for_worker_of(std::string_view name, std::string text) {
  constexpr std::string_view kMapper = "mapper";
  const std::string_view worker = name.substr(0, name.find('.'));
  if (const std::size_t at = text.find(kMapper); at != std::string::npos) text.replace(at, kMapper.size(), worker);
  return text;
}

std::string labelled(std::string_view label, std::string_view text) {
  return fmt::format("  {:<{}}{}\n", fmt::format("{}:", label), kValueColumn - 2, text);
}

std::string section_help(const std::string& section) {
  std::string text = fmt::format("The settings of {}, and their defaults:\n", section);
  for (const std::string& name : setting_names()) {
    if (!name.starts_with(section + ".")) continue;
    std::optional<PageRow> row = row_of(name);
    if (!row.has_value()) row = row_of(mapper_key_of(name));
    text += fmt::format("  {:<29}{}\n", name, row.has_value() ? row->initial : "");
  }
  return text + "\nquern help SETTING says what one of them does.\n";
}

}  // namespace

std::optional<std::string> setting_help(std::string_view asked) {
  std::string name(asked);
  if (job_file::is_short_key(name)) name = "mapper." + name;
  if (const std::string map = job_file::free_map_of(name); !map.empty()) name = map;
  if (job_file::is_section(name)) return section_help(name);
  if (!job_file::shape_of(name).has_value()) return std::nullopt;
  std::optional<PageRow> row = row_of(name);
  std::optional<std::string> example = example_of(name);
  if (!row.has_value()) {
    row = row_of(mapper_key_of(name));
    if (!example.has_value()) example = example_of(mapper_key_of(name));
    if (example.has_value()) example = for_worker_of(name, *example);
  }
  CHECK(row.has_value());
  std::string text = wrapped(fmt::format("{}: {}", name, row->text), 2, 0) + "\n\n";
  text += labelled("Values", wrapped(row->values, kValueColumn, kValueColumn)) + labelled("Default", row->initial);
  if (example.has_value()) {
    text += labelled("Job file", fmt::format("{}: {}", name, *example));
    text += labelled("Command line", fmt::format("--set {}", shell_word(fmt::format("{}={}", name, *example))));
    text += labelled("Environment", fmt::format("{}={}", job_file::variable_of(name), shell_word(*example)));
  }
  return text + "\n" +
         wrapped(fmt::format("quern check JOB shows its value in a job; {}job-file.md describes all settings.",
                             docs_folder()),
                 0, 0) +
         "\n";
}

}  // namespace quern::app
